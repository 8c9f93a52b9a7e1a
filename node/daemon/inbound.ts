import type { BlobHandlers } from '../blobs/types.ts'
import type { Input } from '../core/index.ts'
import { CoreError, decodeAdmissionFrame, decodeSyncFrame } from '../core/index.ts'
import { messageOf } from '../errors.ts'
import type { NetEvent, Network, NetworkHandlers } from '../net/types.ts'

export interface InboundOptions {
  readonly feed: (input: Input) => void
  readonly net: () => Network
  readonly event: (event: NetEvent) => void
}

/** What the network tells, as inputs of the engine. Bytes that are no frame end the link that they came by. */
export function networkHandlers({ feed, net, event }: InboundOptions): NetworkHandlers {
  return {
    admitStart: (conn, peer, role) => feed({ type: 'admitStart', conn, peer, role }),
    admitFrame(conn, bytes) {
      const frame = decoded(() => decodeAdmissionFrame(bytes))
      if ('code' in frame) net().admitResult(conn, false, frame.code, frame.reason)
      else feed({ type: 'admitFrame', conn, frame: frame.value })
    },
    admitEnd: (conn) => feed({ type: 'admitEnd', conn }),
    peerUp: (peer) => feed({ type: 'peerUp', peer }),
    peerDown: (peer) => feed({ type: 'peerDown', peer }),
    writable: (peer) => feed({ type: 'writable', peer }),
    syncFrame(peer, bytes) {
      const frame = decoded(() => decodeSyncFrame(bytes))
      if ('code' in frame) net().hangup(peer, frame.code)
      else feed({ type: 'syncFrame', peer, frame: frame.value })
    },
    record: (from, bytes, ref) => feed({ type: 'record', via: 'gossip', from, bytes, ref }),
    event,
  }
}

type Decoded<T> = { readonly value: T } | { readonly code: string; readonly reason: string }

function decoded<T>(decode: () => T): Decoded<T> {
  try {
    return { value: decode() }
  } catch (error) {
    return { code: error instanceof CoreError ? error.code : 'E_MALFORMED', reason: messageOf(error) }
  }
}

/** What the blob service tells. `checked` reads the policy of a bundle that is held whole, before the engine is told. */
export function blobHandlers(
  feed: (input: Input) => void,
  checked: (cid: string) => Promise<string | null>,
  tell: (cid: string, size: number) => void,
): BlobHandlers {
  return {
    stored(cid, size) {
      tell(cid, size)
      checked(cid).then(
        (code) =>
          feed(
            code === null
              ? { type: 'blobStored', cid, size }
              : { type: 'blobFailed', cid, peer: null, code, final: true },
          ),
        // Read back from this node's own disk: not the bundle's fault, so it is fetched again.
        () => feed({ type: 'blobFailed', cid, peer: null, code: 'E_STORE', final: false }),
      )
    },
    failed: (cid, peer, code, final) => feed({ type: 'blobFailed', cid, peer, code, final }),
  }
}
