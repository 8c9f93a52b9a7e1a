import type { MessageFigures } from '../network/network.ts'
import type { Rpc } from './router.ts'

interface Message {
  readonly bytes: Uint8Array
  readonly id: Uint8Array
  readonly figures: MessageFigures & { copies: number; delivered: number }
}

/**
 * Envelopes under way. The class copies what it sends; here the copies become one object again, so that an envelope is
 * named, read and verified once, however many nodes hear it.
 */
export class Messages {
  readonly #name: (bytes: Uint8Array) => Uint8Array
  readonly #nodes: number
  /** By a short hash: those that share one are told apart by their bytes. */
  readonly #byHash = new Map<number, Message[]>()

  constructor(name: (bytes: Uint8Array) => Uint8Array, nodes: number) {
    this.#name = name
    this.#nodes = nodes
  }

  idOf(data: Uint8Array): Uint8Array {
    return this.#of(data).id
  }

  figures(bytes: Uint8Array): MessageFigures | undefined {
    return this.#find(shortHash(bytes), bytes)?.figures
  }

  publish(_node: number, bytes: Uint8Array): void {
    const { figures } = this.#of(bytes)
    if (figures.delivered === 0) figures.delivered = 1
  }

  /** @returns how many copies of envelopes are in this frame */
  sent({ messages }: Rpc): number {
    for (const { data } of messages) if (data !== undefined) this.#of(data).figures.copies++
    return messages.length
  }

  arrived(node: number, from: number, data: Uint8Array): Message {
    const message = this.#of(data)
    const { figures } = message
    if (figures.hops[node] === 0) {
      figures.hops[node] = Math.min(255, (figures.hops[from] ?? 0) + 1)
      figures.delivered++
    }
    return message
  }

  #of(data: Uint8Array): Message {
    const hash = shortHash(data)
    const known = this.#find(hash, data)
    if (known !== undefined) return known
    const hops = new Uint8Array(this.#nodes)
    const figures = { bytes: data.length, copies: 0, delivered: 0, hops }
    const message = { bytes: data, id: this.#name(data), figures }
    this.#byHash.set(hash, [...(this.#byHash.get(hash) ?? []), message])
    return message
  }

  #find(hash: number, data: Uint8Array): Message | undefined {
    return this.#byHash.get(hash)?.find(({ bytes }) => bytes === data || sameBytes(bytes, data))
  }
}

/** FNV-1a over the length and every fourth byte: signatures alone make envelopes differ everywhere. */
function shortHash(bytes: Uint8Array): number {
  let hash = 0x811c9dc5 ^ bytes.length
  for (let i = 0; i < bytes.length; i += 4) hash = Math.imul(hash ^ (bytes[i] ?? 0), 0x01000193)
  return hash >>> 0
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}
