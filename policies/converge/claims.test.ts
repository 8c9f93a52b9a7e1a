import { describe, expect, it } from 'vitest'
import { RESOURCE_TYPES } from '../resources/table.ts'
import type { ResolvedResource } from '../model.ts'
import { byRank, priorityOf, sharedClaims } from './claims.ts'

const motd = (policy: string, content: string, key = 'file/motd'): ResolvedResource => ({
  policy,
  key,
  type: 'file',
  name: 'motd',
  attrs: { path: '/etc/motd', content },
  require: [],
  before: [],
  notify: [],
  subscribe: [],
  sensitive: false,
  noop: false,
  onRemove: 'leave',
  at: { file: 'policy.yaml', line: 1, column: 1 },
})
const of = (policy: string, content: string, priority?: number) => ({
  policy,
  resources: [motd(policy, content)],
  ...(priority === undefined ? {} : { priority }),
})

describe('two policies that claim the same', () => {
  it('merge if they say the same', () => {
    expect(sharedClaims([of('b/b', 'x'), of('a/a', 'x')], RESOURCE_TYPES)).toEqual([
      {
        claim: 'path:/etc/motd',
        winner: { policy: 'a/a', key: 'file/motd' },
        other: { policy: 'b/b', key: 'file/motd' },
        equal: true,
        decided: false,
      },
    ])
  })

  it('are in conflict if they do not: the first by priority, then by name, has it', () => {
    const winner = (...policies: ReturnType<typeof of>[]): unknown => {
      const [found] = sharedClaims(policies, RESOURCE_TYPES)
      return [found?.winner.policy, found?.equal, found?.decided]
    }
    expect(winner(of('b/b', 'x'), of('a/a', 'y'))).toEqual(['a/a', false, false])
    expect(winner(of('b/b', 'x', 499), of('a/a', 'y'))).toEqual(['b/b', false, true])
    expect(winner(of('b/b', 'x', 10), of('a/a', 'y', 20))).toEqual(['b/b', false, true])
    expect(winner(of('b/b', 'x'), of('a/a', 'y', 501))).toEqual(['b/b', false, true])
  })

  it('a policy without a priority stands in the middle', () => {
    expect([priorityOf({ extra: {} }), priorityOf({ extra: { priority: 3 } })]).toEqual([500, 3])
    expect([of('c', ''), of('a', '', 900), of('b', '', 1)].toSorted(byRank).map(({ policy }) => policy)).toEqual([
      'b',
      'c',
      'a',
    ])
  })
})
