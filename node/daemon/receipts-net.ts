import { ControlError } from '../control/errors.ts'
import type { Receipt } from '../control/index.ts'
import type { Key } from '../core/index.ts'
import { messageOf } from '../errors.ts'
import type { FrameStream, Network } from '../net/types.ts'
import { RECEIPT_LIMITS } from './receipts.ts'

/** One question and one answer on a stream of its own, JSON both ways. The peer's key is known from the connection. */
export const RECEIPT_PROTOCOL = '/chorus/receipt/1'

const LIMITS = {
  /** Connecting, if it must be, and the answer. */
  answerMs: 10_000,
  /** One address of a node that is no neighbour. */
  dialMs: 4_000,
  /** Addresses that are tried. */
  dials: 3,
  /** Questions of one peer in a minute: a screen asks when it opens and then every few seconds. */
  perMinute: 60,
  /** Peers whose questions are counted. */
  peers: 1024,
} as const

/** Answers questions of members. `receipt` is null for whoever may not know. */
export async function serveReceipts(net: Network, receipt: (reader: Key) => Receipt | null): Promise<void> {
  const rate = new Rate()
  await net.serve(RECEIPT_PROTOCOL, (peer, stream) => {
    stream.onFrame(() => {
      stream.send(encode(answerTo(peer)))
      stream.close()
    })
  })

  function answerTo(peer: Key): unknown {
    if (!rate.allows(peer, Date.now())) return { refused: 'E_RATE' }
    const told = receipt(peer)
    return told === null ? { refused: 'E_UNOBSERVED' } : { receipt: told }
  }
}

/**
 * Asks another node.
 * @param addrs where it says it can be reached, tried if it is no neighbour
 * @throws ControlError E_UNREACHABLE, E_UNOBSERVED, E_BUSY, E_ANSWER, E_TIMEOUT
 */
export async function askReceipt(
  net: Network,
  peer: Key,
  addrs: readonly string[],
  signal: AbortSignal,
): Promise<Receipt> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(LIMITS.answerMs)])
  const stream = await openTo(net, peer, addrs, limit)
  try {
    return await read(await answerOf(stream, limit))
  } finally {
    stream.close()
  }
}

async function openTo(net: Network, peer: Key, addrs: readonly string[], limit: AbortSignal): Promise<FrameStream> {
  const connected = (): boolean => net.peers().some(({ key }) => key === peer)
  let failure = 'it tells no address, and is no neighbour of this one'
  for (const addr of connected() ? [] : addrs.slice(0, LIMITS.dials)) {
    try {
      await net.dialNow(addr, AbortSignal.any([limit, AbortSignal.timeout(LIMITS.dialMs)]))
      break
    } catch (error) {
      failure = messageOf(error)
    }
  }
  try {
    if (connected()) return await net.open(peer, RECEIPT_PROTOCOL, limit)
  } catch (error) {
    failure = messageOf(error)
  }
  throw new ControlError('E_UNREACHABLE', `That node cannot be asked from here: ${failure}.`)
}

async function answerOf(stream: FrameStream, limit: AbortSignal): Promise<Uint8Array> {
  const answer = Promise.withResolvers<Uint8Array>()
  stream.onFrame((frame) => answer.resolve(frame))
  stream.onClose((error) =>
    answer.reject(
      new ControlError(
        'E_ANSWER',
        `That node closed the stream before it answered (${error?.message ?? 'no reason'}).`,
      ),
    ),
  )
  const late = (): void => answer.reject(new ControlError('E_TIMEOUT', 'That node did not answer in time.'))
  limit.addEventListener('abort', late, { once: true })
  if (limit.aborted) late()
  stream.send(encode({ want: 'receipt' }))
  try {
    return await answer.promise
  } finally {
    limit.removeEventListener('abort', late)
  }
}

/** What came from another node is checked as anything from outside. */
async function read(frame: Uint8Array): Promise<Receipt> {
  if (frame.byteLength > RECEIPT_LIMITS.bytes * 2)
    throw new ControlError('E_ANSWER', `That node's answer is longer than ${RECEIPT_LIMITS.bytes * 2} bytes.`)
  const value = parsed(frame)
  if (typeof value === 'object' && value !== null) {
    const refused: unknown = Reflect.get(value, 'refused')
    if (refused === 'E_RATE') throw new ControlError('E_BUSY', 'That node was asked too often: wait a minute.')
    if (refused !== undefined)
      throw new ControlError('E_UNOBSERVED', 'That node does not tell its outcomes to the key of this one.')
    // Loaded when it is needed: most nodes never ask, and zod is the largest part of the control API.
    const { receiptSchema } = await import('../control/fleet/schema.ts')
    const found = receiptSchema.safeParse(Reflect.get(value, 'receipt'))
    if (found.success) return found.data
  }
  throw new ControlError('E_ANSWER', "That node's answer is not understood here: it may run another version of Chorus.")
}

function parsed(frame: Uint8Array): unknown {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(frame))
    return value
  } catch {
    return undefined
  }
}

const encode = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value))

/** Questions of each peer in the current minute. */
class Rate {
  readonly #counts = new Map<Key, number>()
  #minute = 0

  allows(peer: Key, now: number): boolean {
    const minute = Math.floor(now / 60_000)
    if (minute !== this.#minute || this.#counts.size > LIMITS.peers) this.#counts.clear()
    this.#minute = minute
    const count = (this.#counts.get(peer) ?? 0) + 1
    this.#counts.set(peer, count)
    return count <= LIMITS.perMinute
  }
}
