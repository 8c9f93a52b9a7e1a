import type { Key } from '../core/index.ts'
import { pickBlocks } from './pick.ts'

/** One peer, as far as one bundle goes. */
export interface Source {
  readonly key: Key
  complete: boolean
  /** What it said that it holds, unless it holds all. */
  readonly held: Set<number>
  /** Block to when it was asked for, ms. */
  readonly asked: Map<number, number>
  /** Block to when it may be asked for again, ms. */
  readonly putOff: Map<number, number>
}

/** More than a bundle can have; before the root is known any number may come. */
const INDEX_MAX = 20_000
/** A block under way for longer may be asked of a second peer. */
const LATE_MS = 3000

/** The peers that one bundle is fetched from: who holds what, and what was asked of whom. */
export class Sources {
  readonly #sources = new Map<Key, Source>()
  /** Block to when anybody was asked for it last, ms. */
  readonly #asked = new Map<number, number>()
  /** Block to the number of peers that hold it as a part. */
  readonly #partial = new Map<number, number>()

  all(): readonly Source[] {
    return [...this.#sources.values()]
  }

  get(key: Key): Source | undefined {
    return this.#sources.get(key)
  }

  idleFirst(): readonly Source[] {
    return this.all().toSorted((a, b) => a.asked.size - b.asked.size)
  }

  /** Blocks under way. */
  asked(): number {
    return this.#asked.size
  }

  /** Those that are asked for nothing, and may be asked for this block. */
  idle(index: number): readonly Source[] {
    return this.all().filter(({ asked, putOff }) => asked.size === 0 && !putOff.has(index))
  }

  add(key: Key): Source {
    const source: Source = { key, complete: false, held: new Set(), asked: new Map(), putOff: new Map() }
    this.#sources.set(key, source)
    return source
  }

  remove(key: Key): void {
    const source = this.#sources.get(key)
    if (!source) return
    this.#sources.delete(key)
    for (const index of source.held) this.#count(index, -1)
    this.release(source)
  }

  holds(source: Source, complete: boolean, indices: readonly number[]): void {
    if (source.complete) return
    if (complete) {
      source.complete = true
      for (const index of source.held) this.#count(index, -1)
      source.held.clear()
      return
    }
    for (const index of indices) {
      if (index > INDEX_MAX || source.held.has(index)) continue
      source.held.add(index)
      this.#count(index, 1)
    }
  }

  isAsked(index: number): boolean {
    return this.#asked.has(index)
  }

  ask(source: Source, indices: readonly number[], nowMs: number): void {
    for (const index of indices) {
      source.asked.set(index, nowMs)
      this.#asked.set(index, nowMs)
    }
  }

  /** A block came from it. */
  answered(source: Source, index: number): void {
    this.#asked.delete(index)
    source.asked.delete(index)
  }

  /** What it was asked for may be asked of others. */
  release(source: Source): void {
    for (const index of source.asked.keys()) this.#asked.delete(index)
    source.asked.clear()
  }

  putOff(source: Source, indices: readonly number[], untilMs: number): void {
    for (const index of indices) {
      if (!source.asked.delete(index)) continue
      this.#asked.delete(index)
      source.putOff.set(index, untilMs)
    }
  }

  /** Gives up waiting for what was asked `answerMs` ago. */
  expire(nowMs: number, answerMs: number): void {
    for (const source of this.#sources.values()) {
      const late = [...source.asked].filter(([, askedMs]) => nowMs - askedMs >= answerMs).map(([index]) => index)
      this.putOff(source, late, nowMs + answerMs)
      for (const [index, until] of source.putOff) if (until <= nowMs) source.putOff.delete(index)
    }
  }

  /** What to ask one peer for, at most `count` blocks. */
  pick(
    source: Source,
    missing: Iterable<number>,
    writing: ReadonlySet<number>,
    count: number,
    nowMs: number,
  ): number[] {
    const view = {
      missing,
      asked: this.#asked,
      partial: (index: number) => this.#partial.get(index) ?? 0,
      partialPeers: this.all().filter((each) => !each.complete && each.held.size > 0).length,
      nowMs,
      lateMs: LATE_MS,
    }
    const peer = {
      complete: source.complete,
      has: (index: number) => source.held.has(index),
      skips: (index: number) =>
        source.asked.has(index) || (source.putOff.get(index) ?? 0) > nowMs || writing.has(index),
    }
    return pickBlocks(view, peer, count, Math.random)
  }

  #count(index: number, by: 1 | -1): void {
    this.#partial.set(index, (this.#partial.get(index) ?? 0) + by)
  }
}
