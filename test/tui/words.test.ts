import { describe, expect, it } from 'vitest'
import { frame } from '../../cli-tui/top/frame.ts'
import { UNICODE } from '../../cli-tui/top/marks.ts'
import type { PolicyRow } from '../../cli-tui/top/source.ts'
import { FleetSource } from '../../cli-tui/top/testing/fleet-source.ts'
import { FIRST_UI } from '../../cli-tui/top/ui.ts'
import type { ScreenName } from '../../cli-tui/top/ui.ts'
import { FLEET_NOW } from '../../node/control/testing/log.ts'

const source = new FleetSource(20)
const rows = await source.policies()
const found = rows.find(({ forked }) => !forked)
if (found === undefined) throw new Error('the fleet has a policy without a fork')
const one: PolicyRow = found

function shown(screen: ScreenName, changes: Partial<PolicyRow>): string {
  const policies = [{ ...one, ...changes }]
  const data = { connection: source.connection(), actions: source.actions(), events: [], policies }
  const ui = { ...FIRST_UI, screen }
  return frame({ ui, data, columns: 100, rows: 24, marks: UNICODE, colour: false, now: FLEET_NOW }).rows.join('\n')
}

describe('what a policy is called', () => {
  it('says failed as soon as nobody else is to come, and never spreading with a failure unsaid', () => {
    const of = { of: 4, rollout: undefined, retired: false }
    expect(shown('rollout', { ...of, inForce: 1, failed: 0 })).toMatch(/ spreading /)
    expect(shown('rollout', { ...of, inForce: 1, failed: 1 })).toMatch(/ spreading, 1 failed /)
    expect(shown('rollout', { ...of, inForce: 2, failed: 2 })).toMatch(/@\d+ {2}failed /)
    expect(shown('rollout', { ...of, inForce: 4, failed: 0 })).toMatch(/@\d+ {2}done /)
    expect(shown('rollout', { ...of, inForce: 0, failed: 0, retired: true })).toMatch(/@\d+ {2}retired /)
  })

  it('tells one that is not for this node, and one that is over, from one that is well here', () => {
    expect(shown('policies', { here: true, state: 'ok', reason: '' })).toMatch(/● ok/)
    const elsewhere = shown('policies', { here: false, state: 'ok', reason: '' })
    expect(elsewhere).toMatch(/- not here/)
    expect(elsewhere).toContain('not for this node: its select does not choose it')
    const over = shown('policies', { retired: true, inForce: 0, of: 4 })
    expect(over).toMatch(/- retired +- /)
    expect(over).not.toContain('0%')
  })
})

describe('alarms', () => {
  const told = async (columns: number, rows: number, alarm: { code: string; subject: string; message: string }) => {
    const summary = { ...(await source.summary()), alarms: [alarm] }
    const data = { connection: source.connection(), actions: source.actions(), events: [], summary }
    const drawn = frame({ ui: FIRST_UI, data, columns, rows, marks: UNICODE, colour: false, now: FLEET_NOW }).rows
    return drawn.slice(2, 5).map((row) => row.trimEnd())
  }
  const message =
    'The policy web/site has 2 versions that do not know of each other. Publish one that follows them all.'

  it('are told whole where there is room, and name what they are about once', async () => {
    const [first = '', second = ''] = await told(80, 30, { code: 'conflict', subject: 'web/site', message })
    expect(`${first} ${second.trim()}`).toBe(`! conflict ${message}`)
    const [short = ''] = await told(60, 16, { code: 'conflict', subject: 'web/site', message })
    expect(short).toMatch(/^! conflict The policy web\/site .*…$/)
    const clone = { code: 'E_CLONED', subject: 'cyd', message: 'two daemons work with one key' }
    expect((await told(80, 30, clone))[0]).toBe('! E_CLONED cyd: two daemons work with one key')
    expect((await told(80, 30, { ...clone, subject: 'ab'.repeat(32) }))[0]).not.toContain('abab')
  })
})
