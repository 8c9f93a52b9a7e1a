import { availableParallelism } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ControlEvent } from '../../node/control/index.ts'
import { grantTo } from '../../node/core/index.ts'
import type { TestMesh } from '../../test/support/mesh.ts'
import type { TestNode } from '../../test/support/node.ts'
import { build } from '../../test/support/policy.ts'
import { usageOf } from '../lib/processes.ts'
import { Random } from '../../topology-sim/index.ts'
import { delayedMesh } from './delayed-mesh.ts'
import type { Edges } from './delayed-mesh.ts'
import type { Dials } from './overlay.ts'
import { NOBODY } from './sample.ts'
import type { Cost, Sample } from './sample.ts'

/** What real daemons did. */
export interface RealMesh extends Sample {
  /** Who was connected to whom, by number from 0, in each block. */
  readonly overlays: readonly Edges[]
  readonly bundleBytes: number
  /** Of all cores, by the daemons, while records were published. */
  readonly cpuShare: number
  readonly arrivals: readonly Arrivals[]
}

/** When a record came to each node, by its number. Milliseconds; NaN for its publisher, and where it did not come. */
export interface Arrivals {
  readonly publisher: number
  readonly ms: readonly number[]
}

export interface RealSetting {
  readonly dials: Dials
  readonly latencyMs: number
  readonly blocks: number
  readonly blockMs: number
  /** For so long nothing happens before a block: what comes then is no publish's cost. 0: costs do not matter. */
  readonly idleMs: number
  readonly apartMs: number
  /**
   * Each publish is another node's, and each block begins with daemons that started anew, in another order: so that neither one node's
   * place nor one mesh decides. Else all are node 0's.
   */
  readonly varied: boolean
}

const MISS_MS = 20_000
/** Meshes come to rest within some heartbeats. */
const SETTLE_MS = 15_000

export async function playReal({
  dials,
  latencyMs,
  blocks,
  blockMs,
  idleMs,
  apartMs,
  varied,
}: RealSetting): Promise<RealMesh> {
  const daemons = await delayedMesh(dials, latencyMs)
  const { mesh } = daemons
  const random = new Random(1, 'order')
  try {
    if (varied) await grantAll(mesh)
    const overlays: Edges[] = []
    const arrivals: Arrivals[] = []
    const costs: Cost[] = []
    let cpuSeconds = 0
    for (let block = 0; block < blocks; block++) {
      if (varied) await daemons.restart(random.shuffle(dials.map((_, node) => node)))
      const heard = new Heard(mesh.nodes)
      await sleep(SETTLE_MS)
      const idle = await trafficOf(mesh)
      await sleep(idleMs)
      const before = await trafficOf(mesh)
      const end = Date.now() + blockMs
      let published = 0
      while (Date.now() < end - 2 * apartMs) {
        const next = Date.now() + apartMs
        const publisher = varied ? arrivals.length % mesh.nodes.length : 0
        arrivals.push(await publishOnce(mesh, publisher, `${block} ${published++}`, heard, latencyMs))
        await sleep(Math.max(0, next - Date.now()))
      }
      await sleep(Math.max(0, end - Date.now()))
      const after = await trafficOf(mesh)
      if (idleMs > 0) costs.push(costOf(between(idle, before), between(before, after), published, mesh.nodes.length))
      cpuSeconds += after.cpuSeconds - before.cpuSeconds
      overlays.push(await daemons.edges())
      await heard.end()
      console.error(`block ${block + 1} of ${blocks}: ${published} publishes`)
    }
    return {
      overlays,
      deliveries: arrivals.map(({ ms }) => ({ ms: inOrder(ms), hops: null })),
      costs,
      bundleBytes: policyOf('0 0').bundle.size,
      cpuShare: cpuSeconds / ((blocks * blockMs) / 1000) / availableParallelism(),
      arrivals,
    }
  } finally {
    await daemons.close()
  }
}

export function inOrder(arrivals: readonly number[]): number[] {
  return arrivals.filter((at) => !Number.isNaN(at)).toSorted((a, b) => a - b)
}

/** The text makes versions differ; nobody is selected, so that no host has work. */
function policyOf(text: string) {
  return build(`policy: bench/fidelity\nselect: "${NOBODY}"\nvars: { n: "${text}" }\nresources: {}\n`)
}

/** Everyone may publish. */
async function grantAll(mesh: TestMesh): Promise<void> {
  const all = mesh.nodes.map(({ key, name }) => grantTo(key, { name }))
  await mesh.charter({ grants: all })
  await mesh.meet(120_000)
}

/** Time begins when the publisher has told its neighbours: its own disk is no part of the network. */
async function publishOnce(
  mesh: TestMesh,
  publisher: number,
  text: string,
  heard: Heard,
  latencyMs: number,
): Promise<Arrivals> {
  const { id } = await mesh.publish(mesh.node(publisher + 1), policyOf(text), { local: true })
  const replied = Date.now()
  const others = mesh.nodes.length - 1
  for (const until = replied + MISS_MS; Date.now() < until; await sleep(20)) {
    if (heard.of(id).size >= others) break
  }
  const times = mesh.nodes.map((_, at) => (at === publisher ? Number.NaN : (heard.of(id).get(at) ?? Number.NaN)))
  // The answer and the record leave at the same moment; whichever is quicker tells of it.
  const start = Math.min(replied, Math.min(...times.filter((at) => !Number.isNaN(at))) - latencyMs)
  return { publisher, ms: times.map((at) => at - start) }
}

/** When each node, by its number, admitted each record. */
class Heard {
  readonly #byRecord = new Map<string, Map<number, number>>()
  readonly #stop = new AbortController()
  readonly #watching: Promise<void>[]

  constructor(nodes: readonly TestNode[]) {
    this.#watching = nodes.map((node, at) => this.#watch(node, at))
  }

  of(id: string): ReadonlyMap<number, number> {
    return this.#byRecord.get(id) ?? new Map<number, number>()
  }

  async end(): Promise<void> {
    this.#stop.abort()
    await Promise.all(this.#watching)
  }

  async #watch(node: TestNode, at: number): Promise<void> {
    try {
      for await (const event of node.client.events(this.#stop.signal)) {
        const id = recordOf(event)
        if (id === undefined) continue
        const times = this.#byRecord.get(id) ?? new Map<number, number>()
        this.#byRecord.set(id, times)
        if (!times.has(at)) times.set(at, event.at)
      }
    } catch {
      // The block is over.
    }
  }
}

function recordOf({ kind, fields }: ControlEvent): string | undefined {
  const id = fields['id']
  return kind === 'admitted' && typeof id === 'string' ? id : undefined
}

/** Of all daemons together. */
interface Traffic {
  /** Bytes on TCP after the handshake. */
  readonly wire: number
  /** Envelopes by gossip, and those of them that were known. */
  readonly messages: number
  readonly duplicates: number
  readonly gossip: number
  readonly sync: number
  readonly blobs: number
  readonly cpuSeconds: number
}

async function trafficOf(mesh: TestMesh): Promise<Traffic> {
  const all = await Promise.all(mesh.nodes.map((node) => node.client.metrics()))
  const sum = (name: string): number =>
    all.reduce(
      (total, text) => total + Number(new RegExp(`^chorus_${name}_total (\\S+)$`, 'm').exec(text)?.[1] ?? 0),
      0,
    )
  return {
    wire: sum('wire_bytes_in'),
    messages: sum('gossip_messages'),
    duplicates: sum('gossip_duplicates'),
    gossip: sum('gossip_bytes_in'),
    sync: sum('sync_bytes_in'),
    blobs: sum('blob_bytes_in'),
    cpuSeconds: mesh.nodes.reduce((total, { pid }) => total + usageOf(pid).cpuSeconds, 0),
  }
}

function between(before: Traffic, after: Traffic): Traffic {
  return {
    wire: after.wire - before.wire,
    messages: after.messages - before.messages,
    duplicates: after.duplicates - before.duplicates,
    gossip: after.gossip - before.gossip,
    sync: after.sync - before.sync,
    blobs: after.blobs - before.blobs,
    cpuSeconds: after.cpuSeconds - before.cpuSeconds,
  }
}

/**
 * What comes while nothing is published is nearly all beacons, whose number varies; each publish adds one envelope that
 * every other node hears for the first time. So the beacons among what was heard are known, and what they cost is taken off.
 */
function costOf(idle: Traffic, busy: Traffic, published: number, nodes: number): Cost {
  const idleFirst = idle.messages - idle.duplicates
  const busyFirst = busy.messages - busy.duplicates - published * (nodes - 1)
  const share = busyFirst / idleFirst
  const each = (pick: (traffic: Traffic) => number): number => (pick(busy) - share * pick(idle)) / published / nodes
  return { copies: each(({ messages }) => messages), bytes: each(({ wire }) => wire) }
}
