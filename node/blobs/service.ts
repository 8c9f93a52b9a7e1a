import { NodeError } from '../errors.ts'
import { BLOB_LIMITS } from '../limits.ts'
import type { FrameStream, Network } from '../net/types.ts'
import type { BlockStore } from '../store/types.ts'
import { Collector } from './collector.ts'
import { Fetch } from './fetch.ts'
import { Library } from './library.ts'
import { BlobLinks } from './links.ts'
import { BlobServer } from './server.ts'
import { Settler } from './settler.ts'
import type { BlobHandlers, BlobLimits, BlobService } from './types.ts'
import { Wants } from './wants.ts'
import type { Want } from './wants.ts'
import type { BlobFrame } from './wire.ts'

export interface BlobServiceOptions {
  readonly net: Pick<Network, 'open' | 'serve' | 'peers' | 'meshPeers' | 'dial' | 'provide' | 'findProviders'>
  readonly blocks: BlockStore
  readonly handlers: BlobHandlers
  /** Overrides of `BLOB_LIMITS`, for tests and for tuning. */
  readonly limits?: Partial<BlobLimits>
}

const TICK_MS = 250

/** Fetches, keeps and serves bundles. */
export function createBlobService(options: BlobServiceOptions): BlobService {
  const { net, blocks, handlers } = options
  const limits: BlobLimits = { ...BLOB_LIMITS, ...options.limits }
  const library = new Library(blocks)
  const wants = new Wants(net, limits, {
    begin: (want) => void begin(want),
    report: (cid, code) => handlers.failed(cid, null, code, false),
  })
  const server = new BlobServer({
    blocks,
    limits,
    holding: async (root) => wants.holding(root) ?? (await library.holding(root)),
    expected: (root) => wants.expects(root),
    lost: (root) => library.forget(root),
  })
  const settler = new Settler(blocks)
  const links = new BlobLinks(net, limits.idleMs, {
    frame: onFrame,
    gone(peer, link) {
      if (link) server.gone(link)
      wants.lose(peer)
    },
  })
  const collector = new Collector(blocks, library, () => wants.active())
  const past = { bytesIn: 0, blocksIn: 0, duplicates: 0 }
  let ticking: NodeJS.Timeout | undefined

  /** The clock stands still while there is nothing to do: an idle daemon should be idle. */
  function tickWhileNeeded(): void {
    ticking ??= setInterval(() => {
      const nowMs = Date.now()
      wants.tick(nowMs)
      links.sweep(nowMs)
      void collector.tick(nowMs)
      if (wants.all().length > 0 || collector.pending() || links.open()) return
      clearInterval(ticking)
      ticking = undefined
    }, TICK_MS).unref()
  }

  async function begin(want: Want): Promise<void> {
    const { cid } = want
    const fetch = new Fetch({
      root: cid,
      size: want.size,
      blocks,
      limits,
      send: (peer, frame) => links.send(peer, frame),
      gained: (index) => server.gained(cid, index),
      stored(layout) {
        settle(fetch)
        wants.remove(cid)
        library.add(layout)
        server.completed(cid)
        settler.add(layout.cids)
        handlers.stored(cid, layout.declared)
        void net.provide(cid)
      },
      blame(peer, error) {
        wants.blame(peer)
        links.close(peer, error)
        handlers.failed(cid, peer, error.code, false)
      },
      failed(code, final) {
        settle(fetch)
        if (final) wants.remove(cid)
        else wants.retryLater(cid)
        handlers.failed(cid, null, code, final)
      },
    })
    want.fetch = fetch
    await collector.idle()
    try {
      await fetch.resume()
    } catch (error) {
      settle(fetch)
      wants.retryLater(cid)
      handlers.failed(cid, null, error instanceof NodeError ? error.code : 'E_STORE_IO', false)
      return
    }
    wants.addSources(want)
  }

  /** Its counts outlive it. */
  function settle(fetch: Fetch): void {
    fetch.end()
    past.bytesIn += fetch.bytesIn
    past.blocksIn += fetch.blocksIn
    past.duplicates += fetch.duplicates
  }

  async function onFrame(link: FrameStream, frame: BlobFrame): Promise<void> {
    tickWhileNeeded()
    const { peer } = link
    const fetch = wants.fetch(frame.root)
    switch (frame.type) {
      case 'want':
        // It wants what is wanted here too: as soon as either has a part, the other can have it.
        if (fetch && !fetch.isSmall() && !wants.isBlamed(peer)) fetch.addSource(peer, false)
        return await server.want(link, frame.root, frame.indices)
      case 'have':
        if (frame.complete) server.unfollow(link, frame.root)
        return fetch?.onHave(peer, frame.complete, frame.indices)
      case 'block':
        return await fetch?.onBlock(peer, frame.index, frame.bytes)
      case 'busy':
        return fetch?.onBusy(peer, frame.retryMs, frame.indices)
      case 'notFound':
        fetch?.onNotFound(peer, frame.indices)
        return wants.askAnother(frame.root)
    }
  }

  return {
    async start() {
      await links.start()
    },

    async stop() {
      clearInterval(ticking)
      for (const want of wants.all()) want.fetch?.end()
      links.stop()
      server.stop()
      await collector.idle()
      await settler.flush()
    },

    want(cid, size, from) {
      if (!wants.add(cid, size, from)) handlers.failed(cid, null, 'E_QUOTA', false)
      tickWhileNeeded()
    },
    cancel(cid) {
      const fetch = wants.fetch(cid)
      if (fetch) settle(fetch)
      wants.remove(cid)
    },
    keep(cids) {
      collector.keep(cids)
      tickWhileNeeded()
    },

    async has(cid) {
      if (wants.fetch(cid)) return false
      return (await library.holding(cid)) !== undefined
    },
    read: async (cid) => await blocks.get(cid),
    async *readChunks(chunks) {
      for (const cid of chunks) yield await blocks.get(cid)
    },

    async importBlocks(root, given) {
      const layout = await collector.during(root, async () => await library.take(root, given))
      const fetch = wants.fetch(root)
      if (fetch) {
        settle(fetch)
        wants.remove(root)
        handlers.stored(root, layout.declared)
      }
      server.completed(root)
      void net.provide(root)
      return layout.declared
    },

    progress: () =>
      wants.all().map(({ cid, size, fetch }) => ({
        cid,
        bytesHeld: fetch?.bytesHeld ?? 0,
        bytesTotal: size,
        peers: fetch?.sources().length ?? 0,
      })),
    stats() {
      const running = wants.all().flatMap(({ fetch }) => fetch ?? [])
      const sum = (of: (fetch: Fetch) => number): number => running.reduce((total, fetch) => total + of(fetch), 0)
      return {
        bytesIn: past.bytesIn + sum((fetch) => fetch.bytesIn),
        blocksIn: past.blocksIn + sum((fetch) => fetch.blocksIn),
        duplicates: past.duplicates + sum((fetch) => fetch.duplicates),
        bytesOut: server.bytesOut,
        blocksOut: server.blocksOut,
      }
    },
  }
}
