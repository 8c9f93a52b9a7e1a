import { setTimeout as sleep } from 'node:timers/promises'
import type { ControlEvent } from '../../node/control/index.ts'
import { TestMesh } from '../../test/support/mesh.ts'
import type { TestNode } from '../../test/support/node.ts'
import { build } from '../../test/support/policy.ts'
import { freePort, Link } from '../../test/support/proxy.ts'
import { NOBODY } from './sample.ts'
import type { Sample } from './sample.ts'

/** Real daemons behind proxies that let everything wait: each is known by the address of its proxy alone. */
export interface RealMesh {
  /** Who is connected to whom, by number from 0. */
  readonly edges: readonly (readonly [number, number])[]
  readonly samples: readonly Sample[]
}

const MISS_MS = 20_000
/** Time between publishes, and before the first: what a publish costs ends with the third heartbeat after it. */
const APART_MS = 4_500
const SETTLE_MS = 20_000

export async function playReal(nodes: number, latencyMs: number, publishes: number): Promise<RealMesh> {
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
    const samples: Sample[] = []
    for (let n = 0; n < publishes; n++) samples.push(await publishOnce(mesh, n, heard))
    const edges = await edgesOf(mesh)
    stop.abort()
    await Promise.all(watching)
    return { edges, samples }
  } finally {
    stop.abort()
    await mesh.close()
    for (const link of links) link.close()
  }
}

async function publishOnce(mesh: TestMesh, n: number, heard: Map<string, Map<number, number>>): Promise<Sample> {
  const idleBefore = await trafficOf(mesh)
  await sleep(APART_MS)
  const before = await trafficOf(mesh)
  // The text makes versions differ; nobody is selected, so that the record alone is what spreads.
  const built = build(`policy: bench/fidelity\nselect: "${NOBODY}"\nvars: { n: "${n}" }\nresources: {}\n`)
  const { id: version } = await mesh.publish(mesh.node(1), built, { local: true })
  const others = mesh.nodes.length - 1
  for (const until = Date.now() + MISS_MS; Date.now() < until; await sleep(20)) {
    if ((heard.get(version)?.size ?? 0) > others) break
  }
  await sleep(APART_MS)
  const after = await trafficOf(mesh)
  const times = heard.get(version) ?? new Map<number, number>()
  const start = times.get(0) ?? Number.NaN
  const late = [...times].filter(([at]) => at !== 0).map(([, ms]) => ms - start)
  const spent = (pick: (traffic: Traffic) => number): number =>
    pick(after) - pick(before) - (pick(before) - pick(idleBefore))
  return {
    deliveriesMs: late.toSorted((a, b) => a - b),
    hops: null,
    copiesPerNode: spent(({ messages }) => messages) / mesh.nodes.length,
    bytesPerNode: spent(({ wire }) => wire) / mesh.nodes.length,
  }
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

/** The author says that it wrote a record, everyone else that it was admitted. */
function recordOf({ kind, fields }: ControlEvent): string | undefined {
  const id = fields['id']
  return (kind === 'admitted' || kind === 'wrote') && typeof id === 'string' ? id : undefined
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
