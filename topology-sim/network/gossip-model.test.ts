import { describe, expect, it } from 'vitest'
import { EventQueue } from '../kernel/queue.ts'
import { Random } from '../kernel/random.ts'
import { GossipModel, type GossipEvent, type GossipMessage, type Verdict } from './gossip-model.ts'
import { randomOverlay, starOverlay, type Graph } from './graph.ts'
import { Links } from './links.ts'
import { GOSSIP_DEFAULTS, type GossipParams } from './params.ts'

interface Setup {
  readonly graph: Graph
  readonly params?: Partial<GossipParams>
  readonly seed?: number
  readonly loss?: number
  readonly connected?: (a: number, b: number, nowUs: number) => boolean
  readonly verdict?: (node: number) => Verdict
}

/** A network in which everybody relays, 10 ms apart. */
function simulate({ graph, params = {}, seed = 1, loss = 0, connected = () => true, verdict = () => 'accept' }: Setup) {
  const queue = new EventQueue()
  const settings = { latencyUs: [[10_000]], jitter: 0.1, loss, uplink: [Number.POSITIVE_INFINITY] }
  const links = new Links(settings, new Uint8Array(graph.nodes), new Random(seed, 'links'))
  const host = {
    get nowUs() {
      return queue.time
    },
    schedule(at: number, kind: GossipEvent, node: number, from: number, message: GossipMessage | null) {
      queue.add(at, kind, node, from, message)
    },
    connected: (a: number, b: number) => connected(a, b, queue.time),
    deliver: (node: number) => verdict(node),
  }
  const model = new GossipModel(graph, { ...GOSSIP_DEFAULTS, ...params }, links, new Random(seed, 'gossip'), host, {
    data: () => undefined,
    control: () => undefined,
  })
  for (let node = 0; node < graph.nodes; node++) {
    for (let i = 0; i < graph.degree(node); i++) model.connect(node, graph.neighbour(node, i))
  }
  model.mesh.settle()
  const publish = (node: number): GossipMessage => {
    const message = model.publish(node, 1024, null)
    // Only this test's own messages are ever scheduled as payload.
    while (queue.next())
      model.handle(queue.kind as GossipEvent, queue.a, queue.b, queue.payload as GossipMessage | null)
    return message
  }
  return { model, publish }
}

const overlay = (nodes: number): Graph => randomOverlay(nodes, 8, 24, new Random(3, 'overlay'))

describe('the gossip model', () => {
  it('keeps every mesh degree within its bounds', () => {
    const { model } = simulate({ graph: overlay(1000) })
    const degrees = Array.from({ length: 1000 }, (_, node) => model.mesh.degree(node))
    expect(Math.min(...degrees)).toBeGreaterThanOrEqual(GOSSIP_DEFAULTS.degreeLow)
    expect(Math.max(...degrees)).toBeLessThanOrEqual(GOSSIP_DEFAULTS.degreeHigh)
  })

  it('reaches everyone, in about as many hops as the logarithm of the fleet', () => {
    const message = simulate({ graph: overlay(2000) }).publish(5)
    expect(message.delivered).toBe(2000)
    expect(Math.max(...message.hops)).toBeLessThanOrEqual(10)
  })

  it('gives the same run for the same seed', () => {
    const run = (seed: number): number[] => [...simulate({ graph: overlay(300), seed }).publish(0).seen]
    expect(run(4)).toEqual(run(4))
    expect(run(4)).not.toEqual(run(5))
  })

  it('sends fewer copies because of IDONTWANT', () => {
    const copies = (dontWantBytes: number): number =>
      simulate({ graph: overlay(500), params: { dontWantBytes } }).publish(0).copies
    expect(copies(512)).toBeLessThan(copies(1_000_000))
  })

  it('heals by IHAVE and IWANT what a partition kept back', () => {
    const halves = (a: number, b: number): boolean => a % 2 === b % 2
    const never = simulate({ graph: overlay(200), connected: halves })
    expect(never.publish(0).delivered).toBeLessThanOrEqual(100)
    const healed = simulate({ graph: overlay(200), connected: (a, b, nowUs) => nowUs > 500_000 || halves(a, b) })
    const message = healed.publish(0)
    expect(message.delivered).toBe(200)
    expect(Math.max(...message.seen)).toBeGreaterThan(500_000)
  })

  it('does not relay what a node ignores or rejects', () => {
    const message = simulate({ graph: starOverlay(20), verdict: (node) => (node === 0 ? 'ignore' : 'accept') }).publish(
      1,
    )
    expect(message.delivered).toBe(1)
  })

  it('arrives late and not never when packets are lost', () => {
    const message = simulate({ graph: overlay(300), loss: 0.2 }).publish(0)
    expect(message.delivered).toBe(300)
  })
})
