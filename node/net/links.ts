import type { Connection, Libp2p, Stream } from '@libp2p/interface'
import type { Key } from '../core/index.ts'
import { messageOf, NodeError } from '../errors.ts'
import type { NodeCode } from '../errors.ts'
import type { Counters } from './counters.ts'
import { frameStream } from './frames.ts'
import { keyOf, peerOf } from './peer-keys.ts'
import { openStream } from './streams.ts'
import type { FrameStream, NetLimits, NetworkHandlers } from './types.ts'

export const SYNC_PROTOCOL = '/chorus/sync/1'

interface LinkHandlers extends Pick<NetworkHandlers, 'peerUp' | 'peerDown' | 'syncFrame' | 'writable'> {
  /** The connection is no use: close it and dial again later. */
  hangup(peer: Key, why: string, code: NodeCode): void
}

/**
 * One long-lived sync stream per connected member. The side with the lower key opens it, so there is one; a peer is up
 * while it is open.
 */
export class Links {
  readonly #node: Libp2p
  readonly #self: Key
  readonly #limits: NetLimits
  readonly #counters: Counters
  readonly #handlers: LinkHandlers
  readonly #links = new Map<Key, FrameStream>()
  readonly #pending = new Map<Key, NodeJS.Timeout>()
  #stopped = false

  constructor(node: Libp2p, self: Key, limits: NetLimits, counters: Counters, handlers: LinkHandlers) {
    this.#node = node
    this.#self = self
    this.#limits = limits
    this.#counters = counters
    this.#handlers = handlers
  }

  async start(): Promise<void> {
    await this.#node.handle(SYNC_PROTOCOL, (stream, connection) => this.#accept(stream, connection), {
      maxInboundStreams: 2,
      maxOutboundStreams: 2,
      runOnLimitedConnection: true,
    })
    this.#node.addEventListener('peer:connect', (event) => this.#connected(keyOf(event.detail)))
    this.#node.addEventListener('peer:disconnect', (event) => this.#disconnected(keyOf(event.detail)))
  }

  stop(): void {
    this.#stopped = true
    for (const timer of this.#pending.values()) clearTimeout(timer)
    this.#pending.clear()
    for (const link of this.#links.values()) link.close()
    this.#links.clear()
  }

  isUp(peer: Key): boolean {
    return this.#links.has(peer)
  }

  up(): readonly Key[] {
    return [...this.#links.keys()]
  }

  send(peer: Key, bytes: Uint8Array): boolean {
    const link = this.#links.get(peer)
    if (!link) return true
    if (link.send(bytes)) return true
    this.#tellWhenWritable(peer, link)
    return false
  }

  readonly #draining = new WeakSet<FrameStream>()

  #tellWhenWritable(peer: Key, link: FrameStream): void {
    if (this.#draining.has(link)) return
    this.#draining.add(link)
    void this.#waitFor(peer, link)
  }

  async #waitFor(peer: Key, link: FrameStream): Promise<void> {
    try {
      await link.drained()
    } catch {
      // It was closed, which onClose tells.
      return
    }
    this.#draining.delete(link)
    if (this.#links.get(peer) === link && !this.#stopped) this.#handlers.writable(peer)
  }

  #connected(peer: Key): void {
    if (this.#stopped || this.#links.has(peer) || this.#pending.has(peer)) return
    if (this.#self < peer) {
      this.#open(peer, 0)
      return
    }
    const timer = setTimeout(() => {
      this.#pending.delete(peer)
      if (!this.#links.has(peer)) this.#handlers.hangup(peer, 'it opened no sync stream', 'E_STALLED')
    }, this.#limits.admissionMs)
    this.#pending.set(peer, timer)
  }

  #disconnected(peer: Key): void {
    clearTimeout(this.#pending.get(peer))
    this.#pending.delete(peer)
  }

  #open(peer: Key, tries: number): void {
    // Marks it as being opened, so that a second connection does not open a second stream.
    this.#pending.set(
      peer,
      setTimeout(() => undefined, 0),
    )
    openStream(this.#node, peer, SYNC_PROTOCOL, AbortSignal.timeout(this.#limits.dialMs))
      .then((stream) => this.#attach(peer, stream))
      .catch((error: unknown) => {
        if (this.#stopped || this.#node.getConnections(peerOf(peer)).length === 0) return this.#disconnected(peer)
        if (tries >= 3) {
          this.#disconnected(peer)
          return this.#handlers.hangup(peer, `no sync stream could be opened (${messageOf(error)})`, 'E_PROTOCOL')
        }
        this.#pending.set(
          peer,
          setTimeout(() => this.#open(peer, tries + 1), 250 * 2 ** tries),
        )
      })
  }

  #accept(stream: Stream, connection: Connection): void {
    const peer = keyOf(connection.remotePeer)
    if (this.#stopped || this.#self < peer) {
      // It is ours to open.
      stream.abort(new Error('The side with the lower key opens the sync stream.'))
      return
    }
    this.#attach(peer, stream)
  }

  #attach(peer: Key, stream: Stream): void {
    clearTimeout(this.#pending.get(peer))
    this.#pending.delete(peer)
    if (stream.status !== 'open') return
    const before = this.#links.get(peer)
    if (before) this.#drop(peer, before, undefined)
    const link = frameStream(stream, peer, {
      frameBytes: this.#limits.syncFrameBytes,
      readQueueBytes: this.#limits.readQueueBytes,
      stallMs: this.#limits.stallMs,
      count: (direction, bytes) => {
        if (direction === 'in') this.#counters.syncIn += bytes
        else this.#counters.syncOut += bytes
      },
    })
    this.#links.set(peer, link)
    link.onClose((error) => this.#drop(peer, link, error))
    this.#handlers.peerUp(peer)
    link.onFrame((frame) => {
      if (this.#links.get(peer) === link) this.#handlers.syncFrame(peer, frame)
    })
  }

  #drop(peer: Key, link: FrameStream, error: Error | undefined): void {
    if (this.#links.get(peer) !== link) return
    this.#links.delete(peer)
    link.close()
    if (this.#stopped) return
    this.#handlers.peerDown(peer)
    // It broke the protocol or stalled: a new stream would only do so again.
    if (error instanceof NodeError) return this.#handlers.hangup(peer, error.message, error.code)
    // The connection may live on: then there is a new stream, after a breath.
    const timer = setTimeout(() => {
      this.#pending.delete(peer)
      if (this.#node.getConnections(peerOf(peer)).length > 0) this.#connected(peer)
    }, 250)
    this.#pending.set(peer, timer)
  }
}
