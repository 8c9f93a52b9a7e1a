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
})
