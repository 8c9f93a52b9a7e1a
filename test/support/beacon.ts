import { seal } from '../../node/core/index.ts'
import type { Beacon, Envelope, Scene } from '../../node/core/index.ts'
import { hasher } from '../../node/crypto.ts'
import { actor } from './tools.ts'

/** A beacon of a node in good health, as it would sign one at `at` (ms). */
export function beacon(scene: Scene, name: string, at: number, but: Partial<Beacon> = {}): Envelope<Beacon> {
  const who = actor(name)
  const body: Beacon = {
    v: 1,
    type: 'live/beacon',
    mesh: scene.ledger.env.mesh,
    key: who.key,
    crit: [],
    at,
    instance: `${name}-1`,
    seq: Math.floor(at / 1000),
    agent: 'chorus/0.1.0',
    charters: scene.ledger.charters.inForce.map(({ id }) => id),
    policies: {},
    health: 'ok',
    presence: 'always',
    addrs: [],
    facts: {},
    ...but,
  }
  return seal(body, [who], hasher)
}
