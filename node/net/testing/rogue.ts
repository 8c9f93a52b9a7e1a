import { generateKeyPair } from '@libp2p/crypto/keys'
import type { Libp2p, MessageStream } from '@libp2p/interface'
import { noise } from '@libp2p/noise'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { createLibp2p } from 'libp2p'
import { ADMISSION_PROTOCOL } from '../admission.ts'

/** A peer that holds a key and speaks noise, and then does what the test says instead of what the protocol says. */
export async function startRogue(
  behave: (stream: MessageStream) => void | Promise<void>,
  protocol = ADMISSION_PROTOCOL,
): Promise<Libp2p> {
  const node = await createLibp2p({
    privateKey: await generateKeyPair('Ed25519'),
    addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
    transports: [tcp()],
    streamMuxers: [yamux()],
    connectionEncrypters: [
      (components) => {
        const inner = noise()(components)
        const inside = { skipStreamMuxerNegotiation: true }
        return {
          protocol,
          secureOutbound: async (stream, options) => {
            const secured = await inner.secureOutbound(stream, { ...options, ...inside })
            await behave(secured.connection)
            return secured
          },
          secureInbound: async (stream, options) => {
            const secured = await inner.secureInbound(stream, { ...options, ...inside })
            await behave(secured.connection)
            return secured
          },
        }
      },
    ],
    connectionGater: { denyDialMultiaddr: () => false },
  })
  rogues.push(node)
  return node
}

const rogues: Libp2p[] = []

export async function stopRogues(): Promise<void> {
  await Promise.all(rogues.splice(0).map(async (node) => await node.stop()))
}

/** One message of the admission exchange: length, kind, payload. */
export function admissionMessage(kind: number, payload: Uint8Array, length = payload.length): Uint8Array {
  const header = Buffer.alloc(5)
  header.writeUInt32BE(length, 0)
  header[4] = kind
  return Buffer.concat([header, payload])
}

/** Plays an honest peer that accepts: says done, and waits for the other's done. */
export async function acceptAdmission(stream: MessageStream): Promise<void> {
  await new Promise<void>((resolve) => {
    let buffer = Buffer.alloc(0)
    const listen = (event: { data: { subarray(): Uint8Array } }): void => {
      buffer = Buffer.concat([buffer, event.data.subarray()])
      while (buffer.length >= 5) {
        const length = buffer.readUInt32BE(0)
        if (buffer.length < 5 + length) return
        const kind = buffer[4]
        buffer = buffer.subarray(5 + length)
        if (kind !== 1) continue
        stream.removeEventListener('message', listen)
        if (buffer.length > 0) stream.unshift(new Uint8Array(buffer))
        resolve()
        return
      }
    }
    stream.addEventListener('message', listen)
    stream.send(admissionMessage(1, new Uint8Array()))
  })
}
