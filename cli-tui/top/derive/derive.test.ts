import { describe, expect, it } from 'vitest'
import type { SeenEvent } from '../source.ts'
import { actionStates } from './actions.ts'
import { coalesce, nextLevel } from './coalesce.ts'

describe('actions', () => {
  const rights = { words: ['publish'], verbs: ['publish', 'observe'], enrols: true }

  it('disable what they do not cover, with the reason', () => {
    const states = actionStates(rights, { lost: false, held: false, noRoot: 'no root key is here' })
    const why = Object.fromEntries(states.map(({ name, disabled }) => [name, disabled]))
    expect(why).toMatchObject({ publish: null, rollback: null, hold: null, invite: null })
    expect(why['retire']).toContain('no grant with the verb retire')
    expect(why['revoke']).toBe('no root key is here')
    expect(why['unhold']).toBe('this node is not held')
  })

  it('disable everything while the daemon is lost', () => {
    expect(
      actionStates(rights, { lost: true, held: false, noRoot: null }).every(({ disabled }) => disabled !== null),
    ).toBe(true)
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
