import type { Key } from '../core/index.ts'
import type { FrameStream, Network } from '../net/types.ts'
import { decodeBlobFrame, encodeBlobFrame } from './wire.ts'
import type { BlobFrame } from './wire.ts'

export const BLOB_PROTOCOL = '/chorus/blob/1'

export interface BlobLinkHandlers {
  frame(link: FrameStream, frame: BlobFrame): void | Promise<void>
  /** The peer's stream closed, or could not be opened. */
  gone(peer: Key, link: FrameStream | undefined): void
}

/** One blob stream per peer, opened when it is needed and used both ways. */
export class BlobLinks {
  readonly #net: Pick<Network, 'open' | 'serve'>
  readonly #idleMs: number
  readonly #handlers: BlobLinkHandlers
  readonly #links = new Map<Key, { readonly link: FrameStream; usedMs: number }>()
  readonly #opening = new Map<Key, Promise<FrameStream | undefined>>()
  #stopped = false

  constructor(net: Pick<Network, 'open' | 'serve'>, idleMs: number, handlers: BlobLinkHandlers) {
    this.#net = net
    this.#idleMs = idleMs
    this.#handlers = handlers
  }

  async start(): Promise<void> {
    await this.#net.serve(BLOB_PROTOCOL, (peer, link) => this.#attach(peer, link))
  }

  stop(): void {
    this.#stopped = true
    for (const { link } of this.#links.values()) link.close()
    this.#links.clear()
  }

  send(peer: Key, frame: BlobFrame): void {
    const bytes = encodeBlobFrame(frame)
    const known = this.#links.get(peer)
    if (known) {
      known.usedMs = Date.now()
      known.link.send(bytes)
      return
    }
    void this.#openOnce(peer).then((link) => link?.send(bytes))
  }

  close(peer: Key, error: Error): void {
    this.#links.get(peer)?.link.close(error)
  }

  /** Streams that `sweep` has to look after. */
  open(): boolean {
    return this.#links.size > 0
  }

  /** Closes streams without a word for a long time. */
  sweep(nowMs: number): void {
    for (const { link, usedMs } of this.#links.values()) if (nowMs - usedMs > this.#idleMs) link.close()
  }

  async #openOnce(peer: Key): Promise<FrameStream | undefined> {
    const going = this.#opening.get(peer) ?? this.#openNow(peer).finally(() => this.#opening.delete(peer))
    this.#opening.set(peer, going)
    return await going
  }

  async #openNow(peer: Key): Promise<FrameStream | undefined> {
    try {
      const link = await this.#net.open(peer, BLOB_PROTOCOL)
      this.#attach(peer, link)
      return link
    } catch {
      if (!this.#stopped) this.#handlers.gone(peer, undefined)
      return undefined
    }
  }

  #attach(peer: Key, link: FrameStream): void {
    if (this.#stopped) return link.close()
    // Two that opened at once keep both streams: each answers on the one it was asked on.
    if (!this.#links.has(peer)) this.#links.set(peer, { link, usedMs: Date.now() })
    link.onClose(() => {
      if (this.#links.get(peer)?.link === link) this.#links.delete(peer)
      if (!this.#stopped) this.#handlers.gone(peer, link)
    })
    link.onFrame(async (bytes) => {
      const entry = this.#links.get(peer)
      if (entry) entry.usedMs = Date.now()
      await this.#handlers.frame(link, decodeBlobFrame(bytes))
    })
  }
}
