import { describe, expect, it } from 'vitest'
import * as cel from '../../../policies/index.ts'
import { Fleet, VERSION_ID } from '../testing/fleet.ts'
import { logOf } from '../testing/log.ts'
import { policyRows } from './policies.ts'

describe('policies', () => {
  const fleet = new Fleet(200)
  const nodes = Array.from({ length: 200 }, (_, index) => fleet.row(index))

  it('count whom the selector chooses and who runs the winner', () => {
    const [row] = policyRows({ policies: [] }, logOf('web/site'), nodes, cel)
    expect(row).toMatchObject({ policy: 'web/site', version: VERSION_ID, seq: 7, forked: false, author: 'ci' })
    expect(row?.inForce).toBe(
      nodes.filter(({ state, policies }) => state !== 'away' && policies['web/site']?.state === 'ok').length,
    )
    expect(row?.of).toBeGreaterThan(row?.inForce ?? 0)
  })

  it('show a fork with both heads and no winner', () => {
    const [newest, second] = logOf('web/site')
    if (newest === undefined || second === undefined) throw new Error('the story has seven versions')
    const rivals = [newest, { ...second, seq: 7, head: true }].map((entry) => ({ ...entry, winner: false }))
    const [row] = policyRows({ policies: [] }, rivals, [], cel)
    expect(row).toMatchObject({ forked: true, version: null })
    expect(row?.heads).toHaveLength(2)
  })

  it('of other nodes are told by what those run, not by what would win here', () => {
    const own = { policy: 'web/site', winner: 'bafyreihwebsite6', seq: 6, heads: ['bafyreihwebsite6'], inForce: null }
    const status = { policies: [{ ...own, state: 'ok' as const, code: null, reason: '', outcomes: [] }] }
    const [row] = policyRows(status, logOf('web/site'), nodes, cel)
    const [alone] = policyRows({ policies: [] }, logOf('web/site'), nodes, cel)
    expect(row).toMatchObject({ version: VERSION_ID, seq: 7, here: false, inForce: alone?.inForce })
    expect(row?.inForce).toBeGreaterThan(0)
  })

  it('count nodes where another version wins than here', () => {
    const own = { policy: 'web/site', winner: 'bafyreihwebsite6', seq: 6, heads: ['bafyreihwebsite6'] }
    const status = {
      policies: [{ ...own, inForce: 'bafyreihwebsite6', state: 'ok' as const, code: null, reason: '', outcomes: [] }],
    }
    const [row] = policyRows(status, logOf('web/site'), nodes, cel)
    expect(row).toMatchObject({ version: 'bafyreihwebsite6', here: true })
    expect(row?.inForce).toBeGreaterThan(0)
  })
})
