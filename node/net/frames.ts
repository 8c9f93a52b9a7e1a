import type { Stream, StreamMessageEvent } from '@libp2p/interface'
import { pipe } from 'it-pipe'
import { decode, encode } from 'it-length-prefixed'
import { varint } from 'multiformats'
import type { Key } from '../core/index.ts'
import { messageOf, NodeError } from '../errors.ts'
import type { FrameStream } from './types.ts'

export interface FrameOptions {
  /** A longer frame cuts the stream. */
  readonly frameBytes: number
  /** Unhandled bytes at which reading pauses (half of it: goes on). */
  readonly readQueueBytes: number
  /** No progress of a write, or of a frame that has begun, for this long cuts the stream. */
  readonly stallMs: number
  readonly count?: (direction: 'in' | 'out', bytes: number) => void
}

/**
 * Length-prefixed frames over a libp2p stream. Reading pauses the stream while the handler is behind, which makes yamux
 * stop the sender: `for await` on the stream itself would buffer without end.
 */
export function frameStream(stream: Stream, peer: Key, options: FrameOptions): FrameStream {
  const closers: ((error: Error | undefined) => void)[] = []
  let closed = false
  let waiting: PromiseWithResolvers<void> | undefined
  let stallTimer: NodeJS.Timeout | undefined

  function end(error: Error | undefined): void {
    if (closed) return
    closed = true
    clearTimeout(stallTimer)
    waiting?.reject(error ?? new NodeError('E_STALLED', 'The stream was closed.', { peer }))
    waiting = undefined
    if (error) stream.abort(error)
    else void politely(stream)
    for (const tell of closers) tell(error)
  }

  function stalled(what: string): void {
    end(new NodeError('E_STALLED', `The peer ${what} for ${options.stallMs} ms.`, { peer, ms: options.stallMs }))
  }

  function needDrain(): PromiseWithResolvers<void> {
    if (waiting) return waiting
    waiting = Promise.withResolvers<void>()
    // Nobody has to wait: then a failure is told by onClose alone.
    waiting.promise.catch(() => undefined)
    stallTimer = setTimeout(() => stalled('did not read what was sent to it'), options.stallMs)
    return waiting
  }

  stream.addEventListener('drain', () => {
    clearTimeout(stallTimer)
    waiting?.resolve()
    waiting = undefined
  })
  stream.addEventListener('close', (event) => end(coded(event.error, peer)))

  return {
    peer,
    get closed() {
      return closed
    },
    send(frame, tail) {
      if (closed) return true
      const length = frame.byteLength + (tail?.byteLength ?? 0)
      options.count?.('out', length)
      try {
        const list = encode.single(frame, { lengthEncoder: Object.assign(() => prefix(length), { bytes: 0 }) })
        if (tail) list.append(tail)
        if (stream.send(list)) return waiting === undefined
        needDrain()
        return false
      } catch (error) {
        end(new NodeError('E_STALLED', `Writing to the peer failed (${messageOf(error)}).`, { peer }, error))
        return true
      }
    },
    async drained() {
      if (closed) throw new NodeError('E_STALLED', 'The stream was closed.', { peer })
      await waiting?.promise
    },
    onFrame(handle) {
      let partial: NodeJS.Timeout | undefined
      const frames = pipe(
        pausing(stream, options.readQueueBytes),
        (source) =>
          decode(source, {
            maxDataLength: options.frameBytes,
            onLength: () => {
              partial = setTimeout(() => stalled('stopped in the middle of a frame'), options.stallMs)
            },
            onData: () => clearTimeout(partial),
          }),
        async (source) => {
          for await (const list of source) {
            options.count?.('in', list.byteLength)
            await handle(list.subarray())
            if (closed) break
          }
        },
      )
      frames
        .then(
          () => end(undefined),
          (error: unknown) => {
            const oversize = error instanceof Error && error.name.startsWith('InvalidDataLength')
            const message = oversize
              ? `The peer announced a frame of more than ${options.frameBytes} bytes.`
              : `The peer's frames could not be handled: ${messageOf(error)}`
            end(error instanceof NodeError ? error : new NodeError('E_PROTOCOL', message, { peer }, error))
          },
        )
        .finally(() => clearTimeout(partial))
    },
    onClose(handle) {
      closers.push(handle)
    },
    close: end,
  }
}

/** Of the whole frame, where `encode.single` knows its first part only. */
function prefix(length: number): Uint8Array<ArrayBuffer> {
  return varint.encodeTo(length, new Uint8Array(varint.encodingLength(length)))
}

async function politely(stream: Stream): Promise<void> {
  try {
    await stream.close({ signal: AbortSignal.timeout(1000) })
  } catch (error) {
    stream.abort(new Error(messageOf(error)))
  }
}

type Chunk = StreamMessageEvent['data']

/** What a stream receives, pausing it while more than `limit` bytes wait to be taken. Attaches at once. */
function pausing(stream: Stream, limit: number): AsyncIterable<Chunk> {
  const queue: Chunk[] = []
  let queued = 0
  let ended = false
  let wake: (() => void) | undefined

  stream.addEventListener('message', (event: StreamMessageEvent) => {
    queue.push(event.data)
    queued += event.data.byteLength
    if (queued > limit && stream.readStatus === 'readable') stream.pause()
    wake?.()
  })
  const end = (): void => {
    ended = true
    wake?.()
  }
  // Not `remoteCloseWrite`, which comes before what is still buffered.
  stream.addEventListener('end', end)
  stream.addEventListener('close', end)

  async function* read(): AsyncGenerator<Chunk> {
    for (;;) {
      const next = queue.shift()
      if (next) {
        queued -= next.byteLength
        if (queued <= limit / 2 && stream.readStatus === 'paused') stream.resume()
        yield next
      } else if (ended) {
        return
      } else {
        await new Promise<void>((resolve) => {
          wake = resolve
        })
        wake = undefined
      }
    }
  }
  return read()
}

/** libp2p cuts a stream whose queues overflow by itself: that is the peer's doing, and said as such. */
function coded(error: Error | undefined, peer: Key): Error | undefined {
  if (error?.name !== 'StreamBufferError') return error
  return error.message.startsWith('Write')
    ? new NodeError('E_STALLED', 'The peer did not read what was sent to it.', { peer }, error)
    : new NodeError('E_PROTOCOL', 'The peer sent more than it was given room for.', { peer }, error)
}
