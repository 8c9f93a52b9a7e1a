import { describe, expect, it } from 'vitest'
import { chooseDials, redialPause, usefulAddrs } from './neighbours.ts'
import type { Candidate, View } from './neighbours.ts'

const bounds = {
  neighboursLow: 3,
  dialsParallel: 4,
  redialMinMs: 100,
  redialMaxMs: 1000,
  bookAddrsMax: 2,
  addrChars: 64,
}

function candidate(id: string, more: Partial<Candidate> = {}): Candidate {
  return {
    id,
    key: id,
    addrs: ['/ip4/10.0.0.1/tcp/1'],
    bootstrap: false,
    urgent: false,
    failures: 0,
    dueMs: 0,
    dialling: false,
    ...more,
  }
}

function view(more: Partial<View> = {}): View {
  return { nowMs: 1000, connected: new Set(), dialling: 0, exploreAtMs: 10_000, ...more }
}

const names = (list: readonly Candidate[]): string[] => list.map((each) => each.id)

describe('whom to dial', () => {
  it('asks bootstrap addresses first, and no more than are missing', () => {
    const all = [candidate('a'), candidate('b'), candidate('boot', { bootstrap: true, key: null }), candidate('c')]
    const { dial } = chooseDials(all, view(), bounds, () => 0.5)
    expect(dial).toHaveLength(3)
    expect(names(dial)[0]).toBe('boot')
    expect(chooseDials(all, view({ connected: new Set(['x', 'y', 'z']) }), bounds, () => 0.5).dial).toEqual([])
  })

  it('leaves out who is connected, being dialled, not due, or without an address', () => {
    const all = [
      candidate('connected'),
      candidate('dialling', { dialling: true }),
      candidate('later', { dueMs: 1001 }),
      candidate('nowhere', { addrs: [] }),
      candidate('good'),
    ]
    expect(names(chooseDials(all, view({ connected: new Set(['connected']) }), bounds, () => 0.5).dial)).toEqual([
      'good',
    ])
  })

  it('dials what the engine asked for although there are neighbours enough', () => {
    const full = view({ connected: new Set(['x', 'y', 'z']) })
    expect(
      names(chooseDials([candidate('a'), candidate('u', { urgent: true })], full, bounds, () => 0.5).dial),
    ).toEqual(['u'])
  })

  it('explores one more from time to time, and never beyond its parallel dials', () => {
    const full = view({ connected: new Set(['x', 'y', 'z']), exploreAtMs: 1000 })
    expect(chooseDials([candidate('a'), candidate('b')], full, bounds, () => 0.9)).toMatchObject({
      dial: [{ id: 'b' }],
      explored: true,
    })
    expect(chooseDials([candidate('a')], view({ dialling: 4 }), bounds, () => 0.9).dial).toEqual([])
  })
})

describe('redialling', () => {
  it('waits longer after each failure, with jitter, up to a bound, for ever', () => {
    expect(redialPause(0, bounds, () => 0)).toBe(50)
    expect(redialPause(1, bounds, () => 1)).toBe(200)
    expect(redialPause(1_000_000, bounds, () => 1)).toBe(1000)
    expect(redialPause(9, bounds, () => 0)).toBe(500)
  })
})

describe('addresses worth remembering', () => {
  it('are few, short, and no loopback of another machine', () => {
    const addrs = [
      '/ip4/127.0.0.1/tcp/1',
      '/ip4/0.0.0.0/tcp/1',
      `/dns4/${'x'.repeat(100)}/tcp/1`,
      'junk',
      '/ip4/10.0.0.2/tcp/1/p2p/12D3KooX',
    ]
    expect(usefulAddrs(addrs, false, bounds)).toEqual(['/ip4/10.0.0.2/tcp/1'])
    expect(usefulAddrs(addrs, true, bounds)).toEqual(['/ip4/127.0.0.1/tcp/1', '/ip4/10.0.0.2/tcp/1'])
    expect(usefulAddrs(['/a', '/b', '/c'], true, bounds)).toEqual(['/a', '/b'])
  })
})
