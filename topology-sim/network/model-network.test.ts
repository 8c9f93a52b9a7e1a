import { describe, expect, it } from 'vitest'
import { encodeSyncFrame, type SyncFrame } from '../../node/core/index.ts'
import { EventQueue } from '../kernel/queue.ts'
import { Random } from '../kernel/random.ts'
import { edgeListOverlay, randomOverlay, type Graph } from './graph.ts'
import { Links, type LinkSettings } from './links.ts'
import { ModelNetwork } from './model-network.ts'
import type { NetworkHost, Parcel } from './network.ts'
import { syncFrameBytes } from './weights.ts'

const CALM: LinkSettings = { latencyUs: [[10_000]], jitter: 0, loss: 0, uplink: [Number.POSITIVE_INFINITY] }

function network(graph: Graph, settings: LinkSettings = CALM, regions = new Uint8Array(graph.nodes)) {
  const queue = new EventQueue()
  const heard: { node: number; from: number; atUs: number }[] = []
  const came: { node: number; from: number; parcel: Parcel; atUs: number }[] = []
  const down = new Set<number>()
  const keeps = new Map<number, number>()
  const host: NetworkHost = {
    get nowUs() {
      return queue.time
    },
    nodes: graph.nodes,
    schedule: (atUs, kind, a, b, payload) => queue.add(atUs, kind, a, b, payload),
    connected: (a, b) => !down.has(a) && !down.has(b),
    hear(node, from) {
      heard.push({ node, from, atUs: queue.time })
      return 'accept'
    },
    receive: (node, from, parcel) => void came.push({ node, from, parcel, atUs: queue.time }),
    keepsUs: (node) => keeps.get(node) ?? 0,
  }
  const links = new Links(settings, regions, new Random(1, 'links'))
  const model = new ModelNetwork(host, graph, links, 1)
  for (let node = 0; node < graph.nodes; node++) {
    for (let i = 0; i < graph.degree(node); i++) {
      if (graph.neighbour(node, i) > node) model.connect(node, graph.neighbour(node, i))
    }
  }
  const drain = (untilUs = Number.POSITIVE_INFINITY): void => {
    while ((queue.peekTime() ?? Number.POSITIVE_INFINITY) <= untilUs && queue.next())
      model.handle(queue.kind, queue.a, queue.b, queue.payload)
  }
  return { model, drain, heard, came, down, keeps }
}

const PARCEL: Parcel = { type: 'blocks', fetch: 1, junk: false }
const bytes = (size = 600): Uint8Array => new Uint8Array(size)

describe('the model network', () => {
  it('brings an envelope to everyone once, and says how far it came', () => {
    const { model, drain, heard } = network(randomOverlay(200, 6, 24, new Random(3, 'overlay')))
    const record = bytes()
    model.gossip(7, record)
    drain()
    expect(new Set(heard.map(({ node }) => node)).size).toBe(199)
    expect(heard.length).toBe(199)
    expect(model.figures(record)).toMatchObject({ bytes: 600, delivered: 200 })
    expect(model.counters.copies).toBe(model.figures(record)?.copies)
  })

  it('counts what leaves as what arrives, by region', () => {
    const settings = {
      ...CALM,
      latencyUs: [
        [1000, 9000],
        [9000, 1000],
      ],
      uplink: [1e9, 1e9],
    }
    const { model, drain } = network(
      randomOverlay(40, 4, 16, new Random(3, 'overlay')),
      settings,
      new Uint8Array(40).map((_, i) => i % 2),
    )
    model.gossip(0, bytes())
    model.send(0, 1, 5000, PARCEL)
    drain()
    const sum = (values: Float64Array): number => values.reduce((total, value) => total + value, 0)
    const { bytesIn, bytesOut, regionBytes, bytesBy } = model.counters
    expect(sum(bytesIn)).toBe(sum(bytesOut))
    expect(sum(regionBytes)).toBe(sum(bytesOut))
    expect(bytesBy.blobs).toBe(5000)
    expect(Object.values(bytesBy).reduce((total, value) => total + value, 0)).toBe(sum(bytesOut))
  })

  it('carries parcels in the time that latency and both ends allow', () => {
    const settings = { ...CALM, uplink: [1e6], downlink: [500_000] }
    const { model, drain, came } = network(
      edgeListOverlay(3, [
        [0, 1],
        [0, 2],
      ]),
      settings,
    )
    model.send(0, 1, 100_000, PARCEL)
    model.send(0, 2, 100_000, PARCEL)
    drain()
    // 100 ms to leave each, one after the other; 200 ms to come in.
    expect(came.map(({ node, atUs }) => [node, atUs])).toEqual([
      [1, 200_000],
      [2, 210_000],
    ])
  })

  it('loses what is on its way to a node that goes down', () => {
    const { model, drain, came, down } = network(edgeListOverlay(2, [[0, 1]]))
    model.send(0, 1, 100, PARCEL)
    down.add(1)
    drain()
    expect(came).toEqual([])
  })

  it('finds other mesh peers at the next heartbeat when some go', () => {
    const graph = randomOverlay(60, 6, 24, new Random(3, 'overlay'))
    const { model, drain } = network(graph)
    model.gossip(0, bytes())
    drain()
    for (const other of model.mesh(5).slice(0, 4)) model.disconnect(5, other)
    expect(model.mesh(5).length).toBeLessThan(3)
    drain()
    expect(model.mesh(5).length).toBeGreaterThanOrEqual(3)
    for (const other of model.mesh(5)) expect(model.mesh(other)).toContain(5)
  })

  it('lets a node keep what it should pass on, for a while or for ever', () => {
    const line = edgeListOverlay(4, [
      [0, 1],
      [1, 2],
      [2, 3],
    ])
    const late = network(line)
    late.keeps.set(1, 500_000)
    late.model.gossip(0, bytes())
    late.drain()
    expect(late.heard.map(({ node, atUs }) => [node, atUs])).toEqual([
      [1, 10_000],
      [2, 520_000],
      [3, 530_000],
    ])
    const never = network(line)
    never.keeps.set(2, Number.POSITIVE_INFINITY)
    never.model.gossip(0, bytes())
    never.drain()
    expect(never.heard.map(({ node }) => node)).toEqual([1, 2])
  })
})

describe('weights', () => {
  it('are those of the encoder, within a tenth, without encoding', () => {
    const section = { hash: 'ab'.repeat(32), count: 12_345 }
    const digest = { charters: section, revocations: section, sets: section, feeds: section }
    const envelopes = [bytes(300), bytes(700)]
    const frames: SyncFrame[] = [
      { type: 'ask', id: 1, ask: { kind: 'digest', digest, answering: false } },
      { type: 'answer', id: 1, answer: { kind: 'digest', digest } },
      { type: 'answer', id: 1, answer: { kind: 'same' } },
      { type: 'answer', id: 70, answer: { kind: 'records', envelopes, more: false } },
      { type: 'ask', id: 3, ask: { kind: 'fetch', ids: [], below: false } },
    ]
    for (const frame of frames.slice(0, 4)) {
      const encoded = encodeSyncFrame(frame).length
      expect(Math.abs(syncFrameBytes(frame) - encoded), JSON.stringify(frame).slice(0, 60)).toBeLessThan(
        12 + encoded / 10,
      )
    }
  })
})
