import type { Cid, Key } from '../core/index.ts'
import { NodeError } from '../errors.ts'
import type { FrameStream } from '../net/types.ts'
import type { BlockStore } from '../store/types.ts'
import { Bucket } from './bucket.ts'
import type { Layout } from './layout.ts'
import type { BlobLimits } from './types.ts'
import { ALL, encodeBlobFrame, encodeBlockHead } from './wire.ts'

/** What of a bundle is held here, whether it is whole or still being fetched. */
export interface Holding {
  readonly layout: Layout
  readonly complete: boolean
  holds(index: number): boolean
}

export interface ServerOptions {
  readonly blocks: Pick<BlockStore, 'get'>
  readonly limits: BlobLimits
  /** Undefined: nothing of this bundle is held here. */
  readonly holding: (root: Cid) => Promise<Holding | undefined>
  /** It is being fetched here. */
  readonly expected: (root: Cid) => boolean
  /** A block that was thought to be held turned out to be damaged or gone. */
  readonly lost: (root: Cid) => void
}

interface Client {
  readonly link: FrameStream
  readonly bucket: Bucket
  readonly follows: Set<Cid>
  /** Of those: small bundles to send whole as soon as they are here. */
  readonly promised: Set<Cid>
  readonly queue: { readonly root: Cid; readonly index: number }[]
  pumping: boolean
}

/** Announcements are gathered for this long: a swarm of ten on one large bundle would send thousands of small frames. */
const GATHER_MS = 20

/** Large bundles whose spreading is watched at once; what falls out is merely sent more often. */
const SPREADING_MAX = 16

/** Answers the wants of other peers. */
export class BlobServer {
  readonly #options: ServerOptions
  readonly #clients = new Map<FrameStream, Client>()
  /** To whom a block of a large bundle was last sent and when, ms; Infinity while it is only promised. */
  readonly #sent = new Map<Cid, Map<number, { readonly atMs: number; readonly to: Key }>>()
  readonly #gained = new Map<Cid, number[]>()
  #gathering: NodeJS.Timeout | undefined
  blocksOut = 0
  bytesOut = 0

  constructor(options: ServerOptions) {
    this.#options = options
  }

  stop(): void {
    clearTimeout(this.#gathering)
    this.#clients.clear()
  }

  gone(link: FrameStream): void {
    this.#clients.delete(link)
  }

  async want(link: FrameStream, root: Cid, indices: readonly number[]): Promise<void> {
    const client = this.#client(link)
    const first = !client.follows.has(root)
    this.#follow(client, root)
    const all = indices.includes(ALL)
    const holding = await this.#options.holding(root)
    if (all && !holding?.complete && this.#options.expected(root)) {
      client.promised.add(root)
      return
    }
    if (!holding) {
      link.send(encodeBlobFrame({ type: 'notFound', root, indices: [] }))
      return
    }
    const wanted = this.#expand(holding, indices)
    if ((first && !all) || indices.length === 0) this.#announce(link, holding)
    const missing: number[] = []
    const later: number[] = []
    for (const index of wanted) {
      if (!holding.holds(index)) missing.push(index)
      else if (client.queue.length >= this.#options.limits.requestsPerPeer || this.#spread(holding, index, link.peer))
        later.push(index)
      else client.queue.push({ root, index })
    }
    if (missing.length > 0) link.send(encodeBlobFrame({ type: 'notFound', root, indices: missing }))
    this.#busy(link, root, later)
    void this.#pump(client)
  }

  /** The other side has the whole bundle: it need not be told of more. */
  unfollow(link: FrameStream, root: Cid): void {
    const client = this.#clients.get(link)
    if (client) forget(client, root)
  }

  /** A block was stored here: followers hear of it. */
  gained(root: Cid, index: number): void {
    const list = this.#gained.get(root) ?? []
    list.push(index)
    this.#gained.set(root, list)
    this.#gathering ??= setTimeout(() => this.#tellGained(), GATHER_MS)
  }

  completed(root: Cid): void {
    this.#gained.delete(root)
    const frame = encodeBlobFrame({ type: 'have', root, complete: true, indices: [] })
    for (const client of this.#clients.values()) {
      if (client.promised.delete(root)) void this.want(client.link, root, [ALL])
      else if (client.follows.has(root)) client.link.send(frame)
    }
  }

  #tellGained(): void {
    this.#gathering = undefined
    for (const [root, indices] of this.#gained) {
      const frame = encodeBlobFrame({ type: 'have', root, complete: false, indices })
      for (const client of this.#clients.values()) {
        if (client.follows.has(root)) client.link.send(frame)
      }
    }
    this.#gained.clear()
  }

  #client(link: FrameStream): Client {
    const known = this.#clients.get(link)
    if (known) return known
    const { bucketBytesPerSecond, bucketBytes } = this.#options.limits
    const client: Client = {
      link,
      bucket: new Bucket(bucketBytesPerSecond, bucketBytes, Date.now()),
      follows: new Set(),
      promised: new Set(),
      queue: [],
      pumping: false,
    }
    this.#clients.set(link, client)
    return client
  }

  #follow(client: Client, root: Cid): void {
    client.follows.delete(root)
    client.follows.add(root)
    const oldest =
      client.follows.size > this.#options.limits.followsPerPeer ? client.follows.values().next().value : undefined
    if (oldest !== undefined) forget(client, oldest)
  }

  #expand(holding: Holding, indices: readonly number[]): readonly number[] {
    if (!indices.includes(ALL)) return indices.filter((index) => index < holding.layout.cids.length)
    const small = holding.complete && holding.layout.declared <= this.#options.limits.chunkBytes
    return small ? holding.layout.cids.keys().toArray() : [0]
  }

  #announce(link: FrameStream, holding: Holding): void {
    const { layout, complete } = holding
    const indices = complete
      ? []
      : layout.cids
          .keys()
          .toArray()
          .filter((index) => holding.holds(index))
    if (!complete && indices.length === 0)
      link.send(encodeBlobFrame({ type: 'notFound', root: layout.root, indices: [] }))
    else link.send(encodeBlobFrame({ type: 'have', root: layout.root, complete, indices }))
  }

  /**
   * Whether to put off a block of a large bundle because another peer is just getting it from here: that one will pass it
   * on. This keeps a seed from sending the same blocks to everybody.
   */
  #spread(holding: Holding, index: number, peer: Key): boolean {
    const { spreadChunks, spreadMs, spreadFirstMs } = this.#options.limits
    const { root, cids } = holding.layout
    if (!holding.complete || cids.length < spreadChunks || index === 0) return false
    const sent = this.#sent.get(root) ?? new Map<number, { readonly atMs: number; readonly to: Key }>()
    this.#sent.delete(root)
    this.#sent.set(root, sent)
    const oldest = this.#sent.size > SPREADING_MAX ? this.#sent.keys().next().value : undefined
    if (oldest !== undefined) this.#sent.delete(oldest)
    const last = sent.get(index)
    // While there are blocks that nobody got from here, those come first.
    const patience = sent.size < cids.length - 1 ? spreadFirstMs : spreadMs
    if (last && last.to !== peer && Date.now() - last.atMs < patience) return true
    sent.set(index, { atMs: Infinity, to: peer })
    return false
  }

  /** What was promised was sent, or never will be (`atMs` 0). */
  #settleSpread(root: Cid, index: number, to: Key, atMs: number): void {
    const sent = this.#sent.get(root)
    if (sent?.get(index)?.to === to) sent.set(index, { atMs, to })
  }

  #busy(link: FrameStream, root: Cid, indices: readonly number[]): void {
    if (indices.length > 0)
      link.send(encodeBlobFrame({ type: 'busy', root, retryMs: this.#options.limits.busyMs, indices }))
  }

  /** Sends what one peer asked for, one block in memory at a time, as fast as it reads. */
  async #pump(client: Client): Promise<void> {
    if (client.pumping || client.queue.length === 0) return
    const serving = [...this.#clients.values()].filter((each) => each.pumping).length
    if (serving >= this.#options.limits.slots) {
      const byRoot = Map.groupBy(client.queue.splice(0), (request) => request.root)
      for (const [root, requests] of byRoot)
        this.#busy(
          client.link,
          root,
          requests.map((request) => request.index),
        )
      return
    }
    client.pumping = true
    try {
      for (let next = client.queue.shift(); next && !client.link.closed; next = client.queue.shift()) {
        await this.#sendBlock(client, next.root, next.index)
      }
    } catch {
      // The link was closed or cut while it was written to; whoever asked asks again.
    } finally {
      for (const { root, index } of client.queue.splice(0)) this.#settleSpread(root, index, client.link.peer, 0)
      client.pumping = false
    }
  }

  async #sendBlock(client: Client, root: Cid, index: number): Promise<void> {
    const holding = await this.#options.holding(root)
    const cid = holding?.layout.cids[index]
    if (cid === undefined) return
    let bytes: Uint8Array
    try {
      bytes = await this.#options.blocks.get(cid)
    } catch (error) {
      client.link.send(encodeBlobFrame({ type: 'notFound', root, indices: [index] }))
      if (error instanceof NodeError) this.#options.lost(root)
      return
    }
    const waitMs = client.bucket.take(bytes.byteLength, Date.now())
    if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs))
    this.blocksOut += 1
    this.bytesOut += bytes.byteLength
    if (!client.link.send(encodeBlockHead(root, index), bytes)) await client.link.drained()
    this.#settleSpread(root, index, client.link.peer, Date.now())
  }
}

function forget(client: Client, root: Cid): void {
  client.follows.delete(root)
  client.promised.delete(root)
}
