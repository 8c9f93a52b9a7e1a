import { Random } from '../../topology-sim/index.ts'

/** Who dials whom: `dials[node]` are nodes with lower numbers, which are up already when it starts. */
export type Dials = readonly (readonly number[])[]

/** Each node dials some with lower numbers, none of which gets more than `2 * each` connections: what a daemon keeps at most. */
export function randomOverlay(nodes: number, each: number, seed: number): Dials {
  const random = new Random(seed, 'fidelity')
  const degrees: number[] = []
  const dials: number[][] = []
  for (let node = 0; node < nodes; node++) {
    const order = random.shuffle(Array.from({ length: node }, (_, other) => other))
    const chosen = order.filter((other) => (degrees[other] ?? 0) < 2 * each).slice(0, each)
    for (const other of chosen) degrees[other] = (degrees[other] ?? 0) + 1
    degrees.push(chosen.length)
    dials.push(chosen)
  }
  return dials
}

/** A line: what every hop adds shows in the distance to the publisher. */
export function line(nodes: number): Dials {
  return Array.from({ length: nodes }, (_, node) => (node === 0 ? [] : [node - 1]))
}
