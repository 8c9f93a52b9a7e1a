import type { Beacon } from '../../../node/core/index.ts'
import type { Ordeal } from '../ordeal.ts'
import type { LabNode } from '../../lab/lab-node.ts'
import { forge, wireOf } from './tools.ts'
import type { Forged, Forgery } from './tools.ts'

/** What is live: heard only of members, when it is fresh, and signed by whom it speaks of. */
const spoken = (
  name: string,
  rule: string,
  speaker: string,
  signer: string,
  but: (ordeal: Ordeal) => Partial<Beacon>,
): Forgery => ({
  name,
  section: 6,
  rule,
  make(ordeal, node) {
    return unheard(ordeal, rule, forgedBeacon(ordeal, node, speaker, signer, but(ordeal)))
  },
})

export const beaconForgeries: readonly Forgery[] = [
  spoken('a beacon of a stranger', 'a beacon is of a known peer', 'stranger', 'stranger', () => ({})),
  spoken('a beacon by another', 'signatures must be valid', 'n2', 'rogue', () => ({ seq: 1_000_000 })),
  spoken('a beacon of two days ago', 'a beacon is a day old at most', 'mal', 'mal', (ordeal) => ({
    at: ordeal.nowMs - 48 * 3_600_000,
    instance: 'old',
    seq: 1_000_000,
  })),
  spoken('a beacon of the day after tomorrow', 'a beacon is a day ahead at most', 'mal', 'mal', (ordeal) => ({
    at: ordeal.nowMs + 48 * 3_600_000,
    seq: 1_000_000,
  })),
]

export function forgedBeacon(
  ordeal: Ordeal,
  node: LabNode,
  speaker: string,
  signer: string,
  but: Partial<Beacon>,
): Forged {
  return forge(ordeal, wireOf({ ...beaconOf(ordeal, node, speaker), ...but }), [signer])
}

function beaconOf(ordeal: Ordeal, node: LabNode, speaker: string): Beacon {
  return {
    v: 1,
    type: 'live/beacon',
    mesh: node.engine.view.ledger.env.mesh,
    key: ordeal.keyOf(speaker),
    crit: [],
    at: ordeal.nowMs,
    instance: 'forged',
    seq: 1,
    agent: 'chorus/0.1.0',
    charters: [],
    policies: {},
    health: 'ok',
    presence: 'always',
    addrs: [],
    facts: {},
  }
}

function unheard(ordeal: Ordeal, rule: string, forged: Forged): readonly Uint8Array[] {
  ordeal.truth.unheard.set(forged.id, rule)
  ordeal.truth.unrelayed.set(forged.bytes, rule)
  return [forged.bytes]
}
