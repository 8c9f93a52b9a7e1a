import { setTimeout as sleep } from 'node:timers/promises'
import type { ControlEvent } from '../../node/control/index.ts'
import { TestMesh } from '../../test/support/mesh.ts'
import type { TestNode } from '../../test/support/node.ts'
import { build } from '../../test/support/policy.ts'
import { freePort, Link } from '../../test/support/proxy.ts'
import { NOBODY } from './sample.ts'
import type { Cost, Delivery, Sample } from './sample.ts'

/** Real daemons behind proxies that let everything wait: each is known by the address of its proxy alone. */
export interface RealMesh extends Sample {
  /** Who is connected to whom, by number from 0. */
  readonly edges: readonly (readonly [number, number])[]
  readonly bundleBytes: number
}

const MISS_MS = 20_000
const SETTLE_MS = 20_000
/** Nothing happens for as long as a block of publishes takes: what comes then is no publish's cost. */
const BLOCKS = 4
const BLOCK_MS = 32_000
const APART_MS = 2_000

export async function playReal(nodes: number, latencyMs: number): Promise<RealMesh> {
  const links: Link[] = []
  const place = async (): Promise<{ port: number; config: { announce: string[] } }> => {
    const port = await freePort()
    const link = await Link.to(port, latencyMs)
    links.push(link)
    return { port, config: { announce: [`/ip4/127.0.0.1/tcp/${link.port}`] } }
  }
  const first = await place()
  const mesh = await TestMesh.create({}, first.port, first.config)
  const stop = new AbortController()
  try {
    for (let i = 2; i <= nodes; i++) await mesh.prepare(`n${i}`, await place())
    for (const node of mesh.nodes.slice(1)) await node.start()
    await mesh.meet(180_000)
    const heard = new Map<string, Map<number, number>>()
    const watching = mesh.nodes.map((node, at) => watch(node, at, heard, stop.signal))
    await sleep(SETTLE_MS)
    const deliveries: Delivery[] = []
    const costs: Cost[] = []
    for (let block = 0; block < BLOCKS; block++) {
      const idle = await trafficOf(mesh)
      await sleep(BLOCK_MS)
      const before = await trafficOf(mesh)
      const end = Date.now() + BLOCK_MS
      let published = 0
      while (Date.now() < end - 2 * APART_MS) {
        const next = Date.now() + APART_MS
        deliveries.push(await publishOnce(mesh, `${block} ${published++}`, heard, latencyMs))
        await sleep(Math.max(0, next - Date.now()))
      }
      await sleep(Math.max(0, end - Date.now()))
      const after = await trafficOf(mesh)
      const each = (pick: (traffic: Traffic) => number): number =>
        (pick(after) - pick(before) - (pick(before) - pick(idle))) / published / nodes
      costs.push({ copies: each(({ messages }) => messages), bytes: each(({ wire }) => wire) })
    }
    const edges = await edgesOf(mesh)
    stop.abort()
    await Promise.all(watching)
    return { edges, deliveries, costs, bundleBytes: policyOf('0 0').bundle.size }
  } finally {
    stop.abort()
    await mesh.close()
    for (const link of links) link.close()
  }
}

/** The text makes versions differ; nobody is selected, so that no host has work. */
function policyOf(text: string) {
  return build(`policy: bench/fidelity\nselect: "${NOBODY}"\nvars: { n: "${text}" }\nresources: {}\n`)
}

async function publishOnce(
  mesh: TestMesh,
  text: string,
  heard: Map<string, Map<number, number>>,
  latencyMs: number,
): Promise<Delivery> {
  const { id } = await mesh.publish(mesh.node(1), policyOf(text), { local: true })
  const others = mesh.nodes.length - 1
  for (const until = Date.now() + MISS_MS; Date.now() < until; await sleep(20)) {
    if ((heard.get(id)?.size ?? 0) >= others) break
  }
  const times = [...(heard.get(id) ?? [])].filter(([at]) => at !== 0).map(([, ms]) => ms)
  // The publisher's disk is no part of the network: time begins one latency before the first arrival.
  const start = Math.min(...times) - latencyMs
  return { ms: times.map((ms) => ms - start).toSorted((a, b) => a - b), hops: null }
}

async function watch(
  node: TestNode,
  at: number,
  heard: Map<string, Map<number, number>>,
  signal: AbortSignal,
): Promise<void> {
  try {
    for await (const event of node.client.events(signal)) {
      const id = recordOf(event)
      if (id === undefined) continue
      const times = heard.get(id) ?? new Map<number, number>()
      heard.set(id, times)
      if (!times.has(at)) times.set(at, event.at)
    }
  } catch {
    // The bench is over.
  }
}

function recordOf({ kind, fields }: ControlEvent): string | undefined {
  const id = fields['id']
  return kind === 'admitted' && typeof id === 'string' ? id : undefined
}

interface Traffic {
  readonly messages: number
  readonly wire: number
}

async function trafficOf(mesh: TestMesh): Promise<Traffic> {
  const all = await Promise.all(mesh.nodes.map((node) => node.client.metrics()))
  const sum = (name: string): number =>
    all.reduce((total, text) => total + Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1] ?? 0), 0)
  return { messages: sum('chorus_gossip_messages_total'), wire: sum('chorus_wire_bytes_in_total') }
}

async function edgesOf(mesh: TestMesh): Promise<[number, number][]> {
  const numbers = new Map(mesh.nodes.map(({ key }, at) => [key, at]))
  const edges: [number, number][] = []
  for (const [at, node] of mesh.nodes.entries()) {
    const { peers } = await node.status()
    for (const { key } of peers) {
      const other = numbers.get(key)
      if (other !== undefined && at < other) edges.push([at, other])
    }
  }
  return edges
}
