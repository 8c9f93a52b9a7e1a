import type { Datastore } from 'interface-datastore'
import type { Key } from '../core/index.ts'
import type { NET_LIMITS } from '../limits.ts'

/**
 * The network as the driver sees it: peers are public keys (hex), everything else is bytes. Encoding and judging frames
 * is the engine's work; sockets, streams, gossip and redialling are done here.
 */

export type AdmitRole = 'dialler' | 'listener'
export type Verdict = 'accept' | 'ignore' | 'reject'

export interface NetworkOptions {
  /** 32-byte Ed25519 seed of the node's key. */
  readonly seed: Uint8Array
  /** Mesh id (CID): part of the gossip topic. */
  readonly mesh: string
  /** Multiaddrs to listen on; none makes an outbound-only node. */
  readonly listen: readonly string[]
  /** Multiaddrs to tell others instead of those listened on (a node behind NAT with a forwarded port). */
  readonly announce: readonly string[]
  /** Multiaddrs that are redialled for ever; the `/p2p/...` part may be missing. */
  readonly bootstrap: readonly string[]
  readonly gossip: boolean
  readonly mdns: boolean
  readonly dht: boolean
  /** Serve as a circuit relay, and use relays and hole punching. */
  readonly relay: boolean
  /** What is known of other members' addresses, kept in the store. */
  readonly book: AddressBook
  /** libp2p's own datastore over the same SQLite file; left out, it stays in memory. */
  readonly datastore?: Datastore
  /** Overrides of `NET_LIMITS`, for tests and for tuning. */
  readonly limits?: Partial<NetLimits>
}

export type NetLimits = { readonly [K in keyof typeof NET_LIMITS]: number }

/** What the network tells its driver. All are called from the event loop, never inside one of the driver's own calls. */
export interface NetworkHandlers {
  /** A connection proved that it has `peer`'s key and waits to be judged: answer with admitSend and admitResult. */
  admitStart(conn: string, peer: Key, role: AdmitRole): void
  admitFrame(conn: string, bytes: Uint8Array): void
  /** The exchange ended, in whatever way: forget `conn`. Follows every admitStart once. */
  admitEnd(conn: string): void
  /** An admitted member's sync stream is open. */
  peerUp(peer: Key): void
  peerDown(peer: Key): void
  /** After sendSync gave false: more may be sent. */
  writable(peer: Key): void
  syncFrame(peer: Key, bytes: Uint8Array): void
  /** An envelope heard by gossip: answer with `verdict(ref, ...)` within 5 s, or it counts as ignored. */
  record(from: Key, bytes: Uint8Array, ref: number): void
  /** For logs and metrics. */
  event(event: NetEvent): void
}

export interface NetEvent {
  readonly kind: 'dialFailed' | 'refused' | 'hungUp' | 'stalled' | 'gossipMute' | 'protocol' | 'listening'
  readonly level: 'debug' | 'info' | 'warn'
  readonly message: string
  readonly fields: Readonly<Record<string, unknown>>
}

export interface Network {
  /** @throws NodeError E_ADDRESS if an address cannot be listened on */
  start(): Promise<void>
  /** Hangs up on everybody; nothing is called back afterwards. */
  stop(): Promise<void>

  admitSend(conn: string, bytes: Uint8Array): void
  /**
   * This side's judgement. Accepted: the connection goes on as soon as the other side has accepted too. Refused: the code
   * and the reason are told to the other side, then the connection is closed.
   */
  admitResult(conn: string, ok: boolean, code: string | null, reason: string): void

  verdict(ref: number, verdict: Verdict): void
  /** Publishes one of this node's own envelopes. Never fails: with nobody listening, sync delivers. */
  publish(bytes: Uint8Array): void
  /**
   * One frame (1 MiB at most) to a peer that is up. True: more may follow at once. False: it is queued, wait for
   * `writable`. A frame to a peer that is not up is dropped (true).
   */
  sendSync(peer: Key, bytes: Uint8Array): boolean

  /** Learn addresses of a peer, and connect soon. */
  dial(peer: Key, addrs: readonly string[]): void
  /** Learn addresses of a peer, without a hurry. */
  learn(peer: Key, addrs: readonly string[]): void
  /**
   * Connects now, for `join` and for tests.
   * @throws NodeError E_DIAL, E_REFUSED (its code in `fields.code`), E_ADMISSION_TIMEOUT, E_ADDRESS
   */
  dialNow(addr: string, signal?: AbortSignal): Promise<Key>
  /** Closes every connection to the peer and does not redial it for a while. */
  hangup(peer: Key, code: string): void
  /** Does anybody answer at the addresses of this peer? Null: none is known. Never rejects. */
  probe(peer: Key): Promise<boolean | null>
  /** Forget a removed member: its addresses too. */
  forget(peer: Key): void

  peers(): readonly PeerInfo[]
  /** Peers of the gossip mesh: who hears of a new record first. */
  meshPeers(): readonly Key[]
  /** Full multiaddrs of this node, with `/p2p/...`. */
  addresses(): readonly string[]
  traffic(): Traffic

  /** A stream to a connected member, for other protocols (blobs). @throws NodeError E_DIAL if not connected */
  open(peer: Key, protocol: string, signal?: AbortSignal): Promise<FrameStream>
  /** Serves a protocol to members; several calls for one protocol replace each other. */
  serve(protocol: string, onStream: (peer: Key, stream: FrameStream) => void): Promise<void>
  /** Announces (dht only, else nothing happens) that this node holds a CID; finds who does. */
  provide(cid: string): Promise<void>
  findProviders(cid: string, signal: AbortSignal): Promise<readonly Key[]>
}

export interface PeerInfo {
  readonly key: Key
  readonly addr: string
  readonly direction: 'inbound' | 'outbound'
  /** Sync stream open. */
  readonly up: boolean
  /** A member of the gossip mesh with this node. */
  readonly gossip: boolean
  readonly rttMs: number | null
  readonly sinceMs: number
}

/** Since start. `wireIn` and `wireOut` are all bytes on TCP after the handshake; the others are payload by purpose. */
export interface Traffic {
  readonly wireIn: number
  readonly wireOut: number
  readonly syncIn: number
  readonly syncOut: number
  readonly blobIn: number
  readonly blobOut: number
  /** Gossiped envelopes, duplicates included. */
  readonly gossipIn: number
  readonly gossipMessages: number
  readonly gossipDuplicates: number
  readonly connections: number
  readonly dials: number
  readonly dialsFailed: number
}

/** Length-prefixed frames on one libp2p stream, bounded both ways. */
export interface FrameStream {
  readonly peer: Key
  readonly closed: boolean
  /**
   * False: the frame is queued and `drained` should be awaited. Dropped without a word after `close`. A `tail` is the
   * rest of the same frame: two parts save a copy of a large block.
   */
  send(frame: Uint8Array, tail?: Uint8Array): boolean
  /** Resolves when more may be sent, rejects (E_STALLED) after the stall limit or when the stream is closed. */
  drained(): Promise<void>
  /** Called for each frame, in order; the next waits for the promise: that is the backpressure. Call it once, at once. */
  onFrame(handle: (frame: Uint8Array) => void | Promise<void>): void
  onClose(handle: (error: Error | undefined) => void): void
  close(error?: Error): void
}

export interface KnownAddress {
  readonly key: Key
  readonly addrs: readonly string[]
  /** ms since 1970; 0: never connected. */
  readonly seenMs: number
}

/** Bounded, persisted: whoever was seen least recently falls out. */
export interface AddressBook {
  all(): readonly KnownAddress[]
  put(entry: KnownAddress): void
  remove(key: Key): void
}
