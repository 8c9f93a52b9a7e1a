import type { StreamMuxerFactory } from '@libp2p/interface'
import { yamux } from '@libp2p/yamux'
import type { YamuxMuxerInit } from '@libp2p/yamux'

/** What is used of a yamux stream (@libp2p/yamux 8). A version without these fields is left as it is. */
interface Windowed {
  /** Bytes that the other side may still send, of `recvWindow`. */
  recvWindowCapacity: number
  recvWindow: number
  /** 3: established, so that no flag has to be sent with an update. */
  state: number
  sendWindowUpdate(): void
}

const ESTABLISHED = 3

/**
 * Yamux that gives the sender more room when half of its window is used up, as HashiCorp's yamux does (`sendWindowUpdate`
 * in stream.go), where js-libp2p's answers every single message with an update of its own: half of all writes on a
 * connection that carries small messages, and a system call, an encryption and a wake-up of the other side for each.
 */
export function thriftyYamux(init: YamuxMuxerInit): () => StreamMuxerFactory {
  return () => {
    const factory = yamux(init)()
    const make = factory.createStreamMuxer.bind(factory)
    factory.createStreamMuxer = (connection) => {
      const muxer = make(connection)
      const open = muxer.createStream.bind(muxer)
      muxer.createStream = async (options) => updateSeldom(await open(options))
      const accept = muxer.onRemoteStream.bind(muxer)
      muxer.onRemoteStream = (stream) => accept(updateSeldom(stream))
      return muxer
    }
    return factory
  }
}

function updateSeldom<S extends object>(stream: S): S {
  if (!isWindowed(stream)) return stream
  const update = stream.sendWindowUpdate.bind(stream)
  stream.sendWindowUpdate = () => {
    if (stream.state === ESTABLISHED && stream.recvWindowCapacity * 2 > stream.recvWindow) return
    update()
  }
  return stream
}

function isWindowed(stream: object): stream is Windowed {
  return (
    'recvWindowCapacity' in stream &&
    typeof stream.recvWindowCapacity === 'number' &&
    'recvWindow' in stream &&
    typeof stream.recvWindow === 'number' &&
    'state' in stream &&
    typeof stream.state === 'number' &&
    'sendWindowUpdate' in stream
  )
}
