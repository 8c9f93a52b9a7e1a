import { describe, expect, it } from 'vitest'
import type { Charter } from '../../node/core/index.ts'
import { clock, diskFinding, nodeVersion } from './machine.ts'
import { charterFindings } from './mesh.ts'

const now = Date.UTC(2026, 5, 1)
const day = 86_400_000
const key = (n: number): string => `${n}`.repeat(64).slice(0, 64)
const charter: Charter = {
  v: 1,
  type: 'charter',
  mesh: 'm',
  key: null,
  crit: [],
  n: 3,
  epoch: 0,
  by: 'roots',
  prev: [],
  name: 'prod',
  roots: { keys: [key(1), key(2)], threshold: 2 },
  recovery: { keys: [key(3), key(4)], threshold: 2 },
  enrollers: [{ key: key(5), labels: {} }],
  grants: [],
  past: [],
  lifts: [],
  minVersion: '',
  limits: {},
  issuedAt: now - day,
  refreshBy: now + 100 * day,
}
const states = (changes: Partial<Charter>): string[] =>
  charterFindings([{ ...charter, ...changes }], now).map(({ check, state }) => `${check} ${state}`)

describe('the doctor', () => {
  it('is content with two of two roots and a fresh charter', () => {
    expect(states({})).toEqual(['charter ok'])
  })

  it.each([
    [{ roots: { keys: [key(1)], threshold: 1 } }, 'roots warn'],
    [{ recovery: { keys: [key(1)], threshold: 1 } }, 'recovery warn'],
    [{ refreshBy: now - 1 }, 'charter warn'],
    [{ refreshBy: now + 10 * day }, 'charter warn'],
    [{ issuedAt: now + day }, 'clock fail'],
    [{ enrollers: [] }, 'enrollers warn'],
  ] as const)('sees %o', (changes, expected) => {
    expect(states(changes)).toEqual([expected])
  })

  it('sees rivals, and a node that has no charter', () => {
    expect(charterFindings([charter, charter], now)[0]).toMatchObject({ state: 'fail', remedy: 'chorus charter merge' })
    expect(charterFindings([], now)[0]).toMatchObject({ check: 'charter', state: 'fail' })
  })

  it('sees a full disk, an unset clock and an old Node', () => {
    expect([diskFinding(5e10, '/s').state, diskFinding(5e8, '/s').state, diskFinding(5e7, '/s').state]).toEqual([
      'ok',
      'warn',
      'fail',
    ])
    expect([clock(now).state, clock(0).state]).toEqual(['ok', 'fail'])
    expect([nodeVersion('24.1.0').state, nodeVersion('20.19.0').state]).toEqual(['ok', 'fail'])
  })
})
