import { startNode, stopNodes, until } from '../../node/net/testing/nodes.ts'

/**
 * Run by mdns.test.ts in a network of its own, where multicast goes over the loopback: two nodes of one mesh and one of
 * another, who know nobody's address. Prints who is up with whom.
 */
const options = { mdns: true, gossip: false }
const one = await startNode({ options })
const two = await startNode({ options })
const other = await startNode({ options: { ...options, mesh: `${'b'.repeat(50)}another2` } })
const names = new Map([
  [one.key, 'one'],
  [two.key, 'two'],
  [other.key, 'other'],
])
await until('one and two have met', () => one.up.has(two.key) && two.up.has(one.key), 30_000)
const seen = [one, two, other].map(({ key, up }) => [names.get(key), [...up].map((peer) => names.get(peer))])
console.log(JSON.stringify(Object.fromEntries(seen)))
await stopNodes()
