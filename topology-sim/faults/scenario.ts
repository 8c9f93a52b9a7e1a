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

/** @param kinds every kind of event with how often it comes */
export function scenarioOf(seed: number, kinds: readonly (readonly [string, number])[]): FaultScenario {
  const random = new Random(seed, 'scenario')
  const nodes = 3 + random.below(10)
  const count = EVENTS_MIN + random.below(EVENTS_MAX - EVENTS_MIN)
  const total = kinds.reduce((sum, [, weight]) => sum + weight, 0)
  const events: FaultEvent[] = []
  let atMs = 0
  for (let i = 0; i < count; i++) {
    atMs += random.chance(0.3) ? random.below(50) : random.below(4_000)
    events.push({
      atMs,
      kind: pick(kinds, random.next() * total),
      a: random.below(N),
      b: random.below(N),
      c: random.below(N),
    })
  }
  return {
    seed,
    nodes,
    gossip: !random.chance(0.15),
    threshold: random.chance(0.3) ? 2 : 1,
    mallory: random.chance(0.7),
    events,
  }
}

function pick(kinds: readonly (readonly [string, number])[], at: number): string {
  let rest = at
  for (const [kind, weight] of kinds) {
    rest -= weight
    if (rest < 0) return kind
  }
  return kinds[0]?.[0] ?? ''
}

const EVENTS_MIN = 12
const EVENTS_MAX = 36
const N = 2 ** 16
