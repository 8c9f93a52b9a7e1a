import { describe, expect, it } from 'vitest'
import { Fleet } from '../testing/fleet.ts'
import { conflictAlarms } from './conflicts.ts'

describe('conflicts', () => {
  const fleet = new Fleet(6)
  const rows = Array.from({ length: 6 }, (_, index) => fleet.row(index))
  const torn = (index: number) => {
    const row = fleet.row(index)
    return { ...row, policies: { 'base/two': { version: 'v', state: 'failed' as const, code: 'E_CONFLICT' } } }
  }

  it('are an alarm for the policy that loses, with the nodes', () => {
    expect(conflictAlarms(rows)).toEqual([])
    const [alarm, ...others] = conflictAlarms([torn(1), fleet.row(2), torn(3)])
    expect(others).toEqual([])
    expect(alarm).toMatchObject({ code: 'E_CONFLICT', subject: 'base/two' })
    expect(alarm?.message).toContain(`on ${fleet.row(1).name}, ${fleet.row(3).name}`)
  })

  it('name a few of many nodes', () => {
    expect(conflictAlarms([0, 1, 2, 3, 4, 5].map(torn))[0]?.message).toMatch(/ and 2 more$/)
  })
})
