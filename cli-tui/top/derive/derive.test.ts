import { describe, expect, it } from 'vitest'
import * as cel from '../../../policies/index.ts'
import type { SeenEvent } from '../source.ts'
import { Fleet, VERSION_ID } from '../testing/fleet.ts'
import { logOf } from '../testing/story.ts'
import { coalesce, nextLevel } from './coalesce.ts'
import { policyRows } from './policies.ts'
import { actionStates, rightsOf } from './rights.ts'

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

describe('rights', () => {
  const key = 'ab'.repeat(32)
  const charter = {
    grants: [
      { key, verbs: ['publish', 'observe'], policies: ['web/*'] },
      { key: 'cd'.repeat(32), verbs: ['retire'], policies: ['*'] },
    ],
    enrollers: [{ key, labels: {} }],
    roots: { keys: ['ef'.repeat(32)], threshold: 1 },
  }

  it('are those of the own key', () => {
    expect(rightsOf(charter, key).words).toEqual(['publish, observe on web/*', 'enrol nodes'])
    expect(rightsOf(charter, 'ef'.repeat(32)).words).toEqual(['root'])
    expect(rightsOf({}, key).words).toEqual([])
  })

  it('disable what they do not cover, with the reason', () => {
    const states = actionStates(rightsOf(charter, key), false, false)
    const why = Object.fromEntries(states.map(({ name, disabled }) => [name, disabled]))
    expect(why).toMatchObject({ publish: null, rollback: null, hold: null, invite: null })
    expect(why['retire']).toContain('no grant with the verb retire')
    expect(why['unhold']).toBe('this node is not held')
  })

  it('disable everything while the daemon is lost', () => {
    expect(actionStates(rightsOf(charter, key), true, false).every(({ disabled }) => disabled !== null)).toBe(true)
  })
})

describe('events', () => {
  const event = (n: number, at: number, message: string, level: SeenEvent['level'] = 'info'): SeenEvent => ({
    n,
    at,
    kind: 'peer',
    level,
    message,
  })

  it('that repeat are one line with a count, newest first', () => {
    const groups = coalesce([event(1, 0, 'a'), event(2, 10, 'b'), event(3, 20, 'b')], { text: '', least: 'info' })
    expect(groups.map(({ message, count }) => [message, count])).toEqual([
      ['b', 2],
      ['a', 1],
    ])
    expect(groups[0]).toMatchObject({ firstAt: 10, at: 20 })
  })

  it('that repeat after a while are told again', () => {
    const groups = coalesce([event(1, 0, 'a'), event(2, 61_000, 'a')], { text: '', least: 'info' })
    expect(groups).toHaveLength(2)
  })

  it('are filtered by words and level', () => {
    const all = [event(1, 0, 'disk full', 'error'), event(2, 1, 'disk fine', 'debug')]
    expect(coalesce(all, { text: 'disk', least: 'info' }).map(({ n }) => n)).toEqual([1])
    expect(coalesce(all, { text: 'FINE', least: 'debug' }).map(({ n }) => n)).toEqual([2])
    expect(nextLevel('error')).toBe('debug')
  })
})
