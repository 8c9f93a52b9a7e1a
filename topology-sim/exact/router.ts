import type { gossipsub as GossipsubFactory, TopicValidatorResult } from '@libp2p/gossipsub'
import { GOSSIPSUB_OPTIONS } from '../../node/core/index.ts'
import type { Verdict } from '../network/gossip-model.ts'

/** The module is heavy, and only exact runs need it: whoever makes such a network imports it first. */
export interface GossipsubModule {
  readonly gossipsub: typeof GossipsubFactory
  readonly StrictNoSign: 'StrictNoSign'
  readonly TopicValidatorResult: typeof TopicValidatorResult
}

/** A peer as the class knows it: by its name. */
export interface StubPeer {
  readonly index: number
  toString(): string
  equals(other: unknown): boolean
}

export function stubPeer(index: number): StubPeer {
  const name = `n${index}`
  return { index, toString: () => name, equals: (other) => String(other) === name }
}

/** What the class writes its frames into. */
export interface StubStream {
  readonly protocol: string
  send(data: { subarray(): Uint8Array }): boolean
  addEventListener(name: string, listener: () => void): void
  close(): Promise<void>
  abort(): void
}

export interface StubConnection {
  readonly status: 'open'
  readonly direction: 'inbound' | 'outbound'
  readonly remoteAddr: { getComponents(): readonly unknown[]; toString(): string }
  newStream(): Promise<StubStream>
}

export interface Topology {
  onConnect(peer: StubPeer, connection: StubConnection): void
  onDisconnect(peer: StubPeer): void
}

/** What is called of the class; some of it is private in its types. */
export interface Router {
  start(): Promise<void>
  subscribe(topic: string): void
  publish(topic: string, bytes: Uint8Array): Promise<unknown>
  getMeshPeers(topic: string): string[]
  reportMessageValidationResult(id: string, source: string, result: unknown): void
  addEventListener(name: 'gossipsub:message', heard: (event: { readonly detail: HeardMessage }) => void): void
  /** What its read loop does with each frame. The loop itself, async iterators, costs more than all the rest. */
  decodeRpc(bytes: Uint8Array): Rpc
  handleReceivedRpc(from: StubPeer, rpc: Rpc): Promise<void>
}

export interface HeardMessage {
  readonly propagationSource: StubPeer
  readonly msgId: string
  readonly msg: { readonly data: Uint8Array }
}

export interface Rpc {
  readonly messages: readonly { readonly data?: Uint8Array }[]
}

/** Set up as `node/net/gossip.ts` does, but for buffers, which no virtual link fills. */
export function makeRouter(
  { gossipsub, StrictNoSign }: GossipsubModule,
  topic: string,
  self: StubPeer,
  idOf: (data: Uint8Array) => Uint8Array,
): { readonly router: Router; readonly topology: Topology } {
  let topology: Topology | null = null
  const components = {
    peerId: self,
    privateKey: null,
    registrar: {
      handle: async () => undefined,
      unhandle: async () => undefined,
      register: async (_protocol: string, given: Topology) => {
        topology = given
        return ''
      },
      unregister: () => undefined,
      getTopologies: () => [],
    },
    connectionManager: { openConnection: async () => undefined },
    peerStore: { merge: async () => undefined, get: async () => undefined },
    logger: { forComponent: () => SILENT },
  }
  const service = gossipsub({
    globalSignaturePolicy: StrictNoSign,
    msgIdFn: (message) => idOf(message.data),
    asyncValidation: true,
    allowedTopics: [topic],
    fallbackToFloodsub: false,
    emitSelf: false,
    allowPublishToZeroTopicPeers: true,
    ignoreDuplicatePublishError: true,
    ...GOSSIPSUB_OPTIONS,
    scoreParams: { IPColocationFactorWeight: 0 },
    // Of its six components it asks for what is above.
  })(components as unknown as Parameters<ReturnType<typeof gossipsub>>[0])
  return {
    router: service as unknown as Router,
    topology: {
      onConnect: (peer, connection) => topology?.onConnect(peer, connection),
      onDisconnect: (peer) => topology?.onDisconnect(peer),
    },
  }
}

export const RESULTS: Readonly<Record<Verdict, keyof typeof TopicValidatorResult>> = {
  accept: 'Accept',
  ignore: 'Ignore',
  reject: 'Reject',
}

const SILENT = Object.assign(() => undefined, { error: () => undefined, trace: () => undefined, enabled: false })
