import { Random } from '../kernel/random.ts'

/** One thing that happens: when, what, and three numbers from which its kind takes what it needs. Plain JSON. */
export interface FaultEvent {
  readonly atMs: number
  readonly kind: string
  readonly a: number
  readonly b: number
  readonly c: number
}

/** Everything about a run: the same scenario gives the same run on any machine. */
export interface FaultScenario {
  readonly seed: number
  /** 3 to 12. */
  readonly nodes: number
  readonly gossip: boolean
  /** How many of the two roots sign a charter. */
  readonly threshold: number
  /** One member is malicious. */
  readonly mallory: boolean
  readonly events: readonly FaultEvent[]
}

/**
 * Every fourth seed is dense: few nodes, and a forgery every moment. The others are long and mixed.
 * @param kinds every kind of event with how often it comes
 */
export function scenarioOf(seed: number, kinds: readonly (readonly [string, number])[]): FaultScenario {
  const random = new Random(seed, 'scenario')
  const dense = seed % 4 === 0
  const { nodesMax, eventsMin, eventsMax, spacingMs } = dense ? DENSE : MIXED
  const nodes = 3 + random.below(nodesMax - 2)
  const count = eventsMin + random.below(eventsMax - eventsMin)
  const weights = kinds.map(([kind, weight]) => [kind, dense && FORGING.has(kind) ? 5 * weight : weight] as const)
  const total = weights.reduce((sum, [, weight]) => sum + weight, 0)
  const events: FaultEvent[] = []
  let atMs = 0
  for (let i = 0; i < count; i++) {
    atMs += random.chance(0.3) ? random.below(50) : random.below(spacingMs)
    const kind = pick(weights, random.next() * total)
    events.push({ atMs, kind, a: random.below(N), b: random.below(N), c: random.below(N) })
  }
  const gossip = !random.chance(0.15)
  const threshold = random.chance(0.3) ? 2 : 1
  return { seed, nodes, gossip, threshold, mallory: random.chance(0.7), events }
}

function pick(kinds: readonly (readonly [string, number])[], at: number): string {
  let rest = at
  for (const [kind, weight] of kinds) {
    rest -= weight
    if (rest < 0) return kind
  }
  return kinds[0]?.[0] ?? ''
}

const MIXED = { nodesMax: 12, eventsMin: 12, eventsMax: 36, spacingMs: 4_000 }
const DENSE = { nodesMax: 5, eventsMin: 40, eventsMax: 80, spacingMs: 500 }
const FORGING = new Set(['forge', 'stranger', 'impostor', 'expiredInvite', 'forgedPapers', 'overuse'])
const N = 2 ** 16
