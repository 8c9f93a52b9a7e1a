import type { Cid, Key } from '../core/index.ts'
import { NodeError } from '../errors.ts'
import type { FetchOptions } from './fetch-port.ts'
import { checkDeclared, layoutOf } from './layout.ts'
import type { Layout } from './layout.ts'
import { Sources } from './sources.ts'
import type { Source } from './sources.ts'
import { ALL } from './wire.ts'

/** Blocks that one peer is asked for at a time, before others have their turn. */
const SHARE = 4

/** Fetches one bundle: the root, then its chunks from several peers at once, each verified before it is written. */
export class Fetch {
  readonly root: Cid
  readonly size: number
  readonly #options: FetchOptions
  readonly #sources = new Sources()
  readonly #missing = new Set<number>([0])
  readonly #writing = new Set<number>()
  /** Held before this fetch began: verified once more before the bundle counts as stored. */
  readonly #resumed = new Set<number>()
  #layout: Layout | undefined
  #completing = false
  #ended = false
  bytesHeld = 0
  duplicates = 0
  bytesIn = 0
  blocksIn = 0

  constructor(options: FetchOptions) {
    this.#options = options
    this.root = options.root
    this.size = options.size
  }

  get layout(): Layout | undefined {
    return this.#layout
  }

  holds(index: number): boolean {
    return (
      this.#layout !== undefined &&
      index < this.#layout.cids.length &&
      !this.#missing.has(index) &&
      !this.#writing.has(index)
    )
  }

  sources(): readonly Key[] {
    return this.#sources.all().map((source) => source.key)
  }

  /** Somebody holds a part at least. */
  hasHolder(): boolean {
    return this.#sources.all().some((source) => source.complete || source.held.size > 0)
  }

  end(): void {
    this.#ended = true
  }

  /** Takes up what is held from before. */
  async resume(): Promise<void> {
    try {
      this.#takeRoot(await this.#options.blocks.get(this.root))
    } catch (error) {
      if (!(error instanceof NodeError && error.code === 'E_NOT_FOUND')) throw error
      return
    }
    const layout = this.#layout
    if (!layout) return
    for (const index of this.#missing) {
      const cid = layout.cids[index]
      if (cid === undefined || !(await this.#options.blocks.has(cid))) continue
      this.#missing.delete(index)
      this.#resumed.add(index)
      this.bytesHeld += layout.sizes[index] ?? 0
    }
    if (this.#missing.size === 0) await this.#complete()
  }

  /** @param likely it announced the version, so it may be asked at once */
  addSource(key: Key, likely: boolean): void {
    if (this.#ended || this.#sources.get(key)) return
    const source = this.#sources.add(key)
    const first = likely && !this.#sources.isAsked(0)
    if ((first || this.isSmall()) && this.#missing.has(0)) this.#ask(source, [0])
    else this.#options.send(key, { type: 'want', root: this.root, indices: [] })
  }

  dropSource(key: Key): void {
    this.#sources.remove(key)
  }

  onHave(key: Key, complete: boolean, indices: readonly number[]): void {
    const source = this.#sources.get(key)
    if (!source) return
    this.#sources.holds(source, complete, indices)
    this.#refill(source)
  }

  onBusy(key: Key, retryMs: number, indices: readonly number[]): void {
    const source = this.#sources.get(key)
    if (!source) return
    const ms = Math.min(Math.max(retryMs, 10), this.#options.limits.retryMaxMs)
    this.#sources.putOff(source, indices, Date.now() + ms)
    this.#refill(source)
  }

  onNotFound(key: Key, indices: readonly number[]): void {
    const source = this.#sources.get(key)
    if (!source) return
    // Nothing of this bundle: it will say when that changes.
    const refused = indices.length === 0 ? [...source.asked.keys()] : indices
    this.#sources.putOff(source, refused, Date.now() + this.#options.limits.spreadMs)
    this.refillAll()
  }

  async onBlock(key: Key, index: number, bytes: Uint8Array): Promise<void> {
    const source = this.#sources.get(key)
    if (!source || this.#ended) return
    this.bytesIn += bytes.byteLength
    this.blocksIn += 1
    this.#sources.answered(source, index)
    // One that was asked for long ago, of a peer that had it not yet, is as good as any.
    if (!this.#missing.has(index) || this.#writing.has(index)) {
      this.duplicates += 1
      return
    }
    this.#writing.add(index)
    try {
      if (index === 0) await this.#storeRoot(source, bytes)
      else await this.#storeChunk(key, index, bytes)
    } catch (error) {
      this.#failedToStore(key, error)
    } finally {
      this.#writing.delete(index)
    }
    if (this.#ended) return
    if (this.#layout && this.#missing.size === 0 && this.#writing.size === 0) await this.#complete()
    else if (index === 0) this.refillAll()
    else if (this.#sources.get(key) === source) this.#refillAfter(source)
  }

  /** Looks after what takes too long, and asks again. */
  tick(nowMs: number): void {
    this.#sources.expire(nowMs, this.#options.limits.answerMs)
    if (!this.isSmall()) return this.refillAll()
    // Who did not have it yet, was busy, or went away in the middle is asked again for all of it.
    if (!this.#missing.has(0) && this.#sources.asked() > 0) return
    for (const source of this.#sources.idle(0)) this.#ask(source, [0])
  }

  /** A block came: the same peer is asked for more, and others if the line is half empty. */
  #refillAfter(source: Source): void {
    this.#refill(source)
    const { chunkBytes, windowTotalBytes } = this.#options.limits
    if (this.#sources.asked() < windowTotalBytes / chunkBytes / 2) this.refillAll()
  }

  /** Asks whoever is asked for least first, so that the work is shared. */
  refillAll(): void {
    for (const source of this.#sources.idleFirst()) this.#refill(source)
  }

  #refill(source: Source): void {
    if (this.#ended || (!source.complete && source.held.size === 0)) return
    const { chunkBytes, windowBytes, windowTotalBytes } = this.#options.limits
    const window = this.#layout ? Math.floor(windowBytes / chunkBytes) : 1
    const total = this.#layout ? Math.floor(windowTotalBytes / chunkBytes) : 1
    const room = Math.min(window - source.asked.size, total - this.#sources.asked())
    if (room <= 0) return
    const missing = this.#layout ? this.#missing : [0]
    const picked = this.#sources.pick(source, missing, this.#writing, Math.min(room, SHARE), Date.now())
    if (picked.length > 0) this.#ask(source, picked)
  }

  #ask(source: Source, indices: readonly number[]): void {
    this.#sources.ask(source, indices, Date.now())
    const all = indices[0] === 0 && this.isSmall()
    this.#options.send(source.key, { type: 'want', root: this.root, indices: all ? [ALL] : indices })
  }

  /** So small that the root and everything else are asked for, and sent, in one go. */
  isSmall(): boolean {
    return this.size <= this.#options.limits.chunkBytes
  }

  async #storeRoot(source: Source, bytes: Uint8Array): Promise<void> {
    const { limits, blocks } = this.#options
    if (bytes.byteLength > Math.min(limits.rootBytes, this.size)) {
      throw new NodeError('E_BUNDLE', `The root of ${this.root} is larger than the whole bundle was declared to be.`, {
        peer: source.key,
      })
    }
    await blocks.put(this.root, bytes)
    this.#takeRoot(bytes)
    if (!this.#layout) return
    // Whoever sends the root of a small bundle holds all of it, and is sending the rest.
    if (this.isSmall()) this.#sources.ask(source, [...this.#missing], Date.now())
    else this.#options.gained(0)
  }

  #takeRoot(bytes: Uint8Array): void {
    try {
      const layout = layoutOf(this.root, bytes)
      checkDeclared(layout, this.size)
      this.#layout = layout
      this.#missing.clear()
      for (let index = 1; index < layout.cids.length; index++) this.#missing.add(index)
      this.bytesHeld += bytes.byteLength
    } catch (error) {
      // The bytes are those that the record names, and they are wrong: nobody can send better ones.
      this.#fail(codeOf(error) ?? 'E_BUNDLE', true)
    }
  }

  async #storeChunk(key: Key, index: number, bytes: Uint8Array): Promise<void> {
    const cid = this.#layout?.cids[index]
    if (cid === undefined) return
    if (bytes.byteLength !== this.#layout?.sizes[index]) {
      throw new NodeError(
        'E_CID_MISMATCH',
        `${key.slice(0, 8)} sent ${bytes.byteLength} bytes for block ${cid}, which has ${this.#layout?.sizes[index]}.`,
        {
          cid,
          peer: key,
        },
      )
    }
    await this.#options.blocks.put(cid, bytes)
    this.#missing.delete(index)
    this.bytesHeld += bytes.byteLength
    if (!this.isSmall()) this.#options.gained(index)
  }

  #failedToStore(key: Key, error: unknown): void {
    const code = codeOf(error) ?? 'E_STORE_IO'
    if (error instanceof NodeError && code === 'E_CID_MISMATCH') {
      this.dropSource(key)
      this.#options.blame(key, error)
      this.refillAll()
    } else {
      this.#fail(code, code === 'E_BUNDLE')
    }
  }

  /** Every block is held here and was verified. */
  get whole(): boolean {
    return (
      this.#layout !== undefined && this.#missing.size === 0 && this.#writing.size === 0 && this.#resumed.size === 0
    )
  }

  /** Every block is here: those from before are read once more. */
  async #complete(): Promise<void> {
    const layout = this.#layout
    if (!layout || this.#ended || this.#completing) return
    this.#completing = true
    try {
      for (const index of this.#resumed) {
        const cid = layout.cids[index] ?? ''
        const sound = await this.#options.blocks.get(cid).then(
          () => true,
          () => false,
        )
        this.#resumed.delete(index)
        if (!sound) {
          this.#missing.add(index)
          this.bytesHeld -= layout.sizes[index] ?? 0
        }
      }
      if (this.#missing.size > 0) {
        this.#completing = false
        return this.refillAll()
      }
    } catch (error) {
      return this.#fail(codeOf(error) ?? 'E_STORE_IO', false)
    }
    if (this.#ended) return
    this.#ended = true
    this.#options.stored(layout)
  }

  #fail(code: string, final: boolean): void {
    if (this.#ended) return
    this.#ended = true
    this.#options.failed(code, final)
  }
}

function codeOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined
  return typeof error.code === 'string' ? error.code : undefined
}
