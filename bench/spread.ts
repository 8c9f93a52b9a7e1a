import type { ControlEvent } from '../node/control/index.ts'
import { TestMesh } from '../test/support/mesh.ts'
import type { TestNode } from '../test/support/node.ts'
import { build } from '../test/support/policy.ts'
import { measureSerf } from './comparators/serf.ts'
import { round, spreadOf } from './lib/figures.ts'
import { sleep, usageOf } from './lib/processes.ts'
import { report } from './lib/results.ts'

/**
 * How long a policy version takes until its bundle is verified on the last of 30 real daemons, and what that costs in
 * bytes. Beside it, where Debian's serf is installed, 30 serf agents and a user event of the same size.
 * Usage: node bench/spread.ts [publishes] [nodes]
 */
const PUBLISHES = Number(process.argv[2] ?? 200)
const NODES = Number(process.argv[3] ?? 30)
/** With the policy around it the bundle has about 1 KB. */
const PAYLOAD = 512
const SERF_EVENTS = 20
const SETTLE_MS = 15_000
const IDLE_MS = 30_000
/** A version that is not everywhere after this is a miss. */
const MISS_MS = 30_000

const mesh = await TestMesh.of(NODES)
const stop = new AbortController()
try {
  const seen = new Map<string, number[]>()
  const watching = mesh.nodes.map((node) => watch(node))
  // What goes round when nothing is published (beacons, pings, heartbeats) is not a version's cost.
  await sleep(SETTLE_MS)
  const idleBefore = await Promise.all(mesh.nodes.map(bytesIn))
  await sleep(IDLE_MS)
  const trafficBefore = await Promise.all(mesh.nodes.map(bytesIn))
  const idlePerMs = trafficBefore.map((now, i) => (now.wire - (idleBefore[i]?.wire ?? 0)) / IDLE_MS)
  const begun = Date.now()
  const last: number[] = []
  const first: number[] = []
  let misses = 0
  let bundleBytes = 0
  for (let n = 0; n < PUBLISHES; n++) {
    const publisher = mesh.node(1)
    const built = build(
      `policy: bench/spread\nselect: "labels.nobody == 'x'"\nvars: { text: "${`${n}`.padEnd(PAYLOAD, 'x')}" }\nresources: {}\n`,
    )
    bundleBytes = built.bundle.size
    const start = Date.now()
    await mesh.publish(publisher, built)
    const cid = built.bundle.root.cid
    const times = await allOf(cid)
    misses += NODES - 1 - times.length
    first.push(Math.min(...times) - start)
    last.push(Math.max(...times) - start)
    if (n % 20 === 19) console.error(`${n + 1} of ${PUBLISHES}: last node after ${last.at(-1)} ms`)
  }
  await sleep(2_000)
  const trafficAfter = await Promise.all(mesh.nodes.map(bytesIn))
  const tookMs = Date.now() - begun
  const perVersion = trafficAfter.map(
    (now, i) => (now.wire - (trafficBefore[i]?.wire ?? 0) - (idlePerMs[i] ?? 0) * tookMs) / PUBLISHES,
  )
  const copies = mean(
    trafficAfter.map((now, i) => {
      const idle = (trafficBefore[i]?.messages ?? 0) - (idleBefore[i]?.messages ?? 0)
      return (now.messages - (trafficBefore[i]?.messages ?? 0) - (idle * tookMs) / IDLE_MS) / PUBLISHES
    }),
  )
  const floor = bundleBytes + (await recordBytes())
  const rss = mesh.nodes.map((node) => usageOf(node.pid).rssMb)
  stop.abort()
  await Promise.all(watching)
  const own = {
    firstMs: spreadOf(first),
    lastMs: spreadOf(last),
    misses,
    bundleBytes,
    floorBytes: floor,
    bytesReceivedPerVersion: spreadOf(perVersion),
    idleBytesPerSecond: spreadOf(idlePerMs.map((bytes) => bytes * 1000)),
    timesTheFloor: round(mean(perVersion) / floor),
    gossipCopiesPerVersion: round(copies),
    rssMb: spreadOf(rss),
  }
  await mesh.close()
  const serf = await measureSerf(NODES, SERF_EVENTS, bundleBytes)
  const serfLast = serf && spreadOf(serf.lastMs)
  report('spread', {
    nodes: NODES,
    publishes: PUBLISHES,
    chorus: own,
    serf: serf
      ? { lastMs: serfLast, firstMs: spreadOf(serf.firstMs), misses: serf.misses, rssMb: round(serf.rssMb) }
      : 'comparator absent',
    lastToSerf: serfLast ? round(own.lastMs.p50 / serfLast.p50) : null,
    aims: { lastToSerf: 0.1, misses: 0, timesTheFloor: 3 },
  })

  async function watch(node: TestNode): Promise<void> {
    try {
      for await (const event of node.client.events(stop.signal)) {
        const cid = verifiedBundle(event)
        if (cid === undefined || node === mesh.node(1)) continue
        seen.set(cid, [...(seen.get(cid) ?? []), event.at])
      }
    } catch {
      // The bench is over.
    }
  }

  async function allOf(cid: string): Promise<number[]> {
    for (const until = Date.now() + MISS_MS; Date.now() < until; await sleep(5)) {
      if ((seen.get(cid)?.length ?? 0) >= NODES - 1) break
    }
    return seen.get(cid) ?? []
  }

  async function recordBytes(): Promise<number> {
    let bytes = 0
    for await (const record of mesh.node(1).client.records()) bytes = record.bytes.length
    return bytes
  }
} finally {
  stop.abort()
  await mesh.close()
}

function verifiedBundle(event: ControlEvent): string | undefined {
  const cid = event.fields['cid']
  return event.kind === 'bundleStored' && typeof cid === 'string' ? cid : undefined
}

async function bytesIn(node: TestNode): Promise<{ wire: number; messages: number }> {
  const text = await node.client.metrics()
  const read = (name: string): number => Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1] ?? 0)
  return {
    wire: read('chorus_wire_bytes_in_total'),
    messages: read('chorus_gossip_messages_total'),
  }
}

function mean(sample: readonly number[]): number {
  return sample.reduce((sum, value) => sum + value, 0) / sample.length
}
