import { createHash } from 'node:crypto'
import { gossipsub, StrictNoSign, TopicValidatorResult } from '@libp2p/gossipsub'
import type { GossipSub, GossipSubComponents, GossipsubMessage } from '@libp2p/gossipsub'
import type { Key } from '../core/index.ts'
import { GOSSIPSUB_OPTIONS, keyOfPeerId } from '../core/index.ts'
import type { Counters } from './counters.ts'
import { keyOf } from './peer-keys.ts'
import type { NetLimits, Verdict } from './types.ts'

/** Methods that the class has and its exported interface leaves out (gossipsub 17.1). */
interface Router extends GossipSub {
  readonly streamsOutbound: ReadonlyMap<string, unknown>
  getMeshPeers(topic: string): string[]
  reportMessageValidationResult(id: string, source: string, result: TopicValidatorResult): void
}

export function topicOf(mesh: string): string {
  return `/chorus/1/${mesh}/records`
}

const RESULTS = {
  accept: TopicValidatorResult.Accept,
  ignore: TopicValidatorResult.Ignore,
  reject: TopicValidatorResult.Reject,
} as const satisfies Record<Verdict, TopicValidatorResult>

/**
 * The gossip service of libp2p, set up so that the authority is in the record and not in the message: unsigned, named by
 * the hash of the whole envelope (RECORDS.md section 1), relayed only after a verdict.
 */
export function gossipService(
  mesh: string,
  limits: NetLimits,
  counters: Counters,
): (components: GossipSubComponents) => GossipSub {
  const topic = topicOf(mesh)
  return gossipsub({
    globalSignaturePolicy: StrictNoSign,
    msgIdFn: (message) => createHash('sha256').update(message.data).digest(),
    asyncValidation: true,
    allowedTopics: [topic],
    fallbackToFloodsub: false,
    emitSelf: false,
    allowPublishToZeroTopicPeers: true,
    ignoreDuplicatePublishError: true,
    maxInboundDataLength: limits.gossipInboundBytes,
    maxOutboundBufferSize: limits.gossipOutboundBytes,
    ...GOSSIPSUB_OPTIONS,
    runOnLimitedConnection: true,
    scoreParams: {
      // More than 10 nodes behind one address are a rack, not an attack: members only come this far.
      IPColocationFactorWeight: 0,
    },
    dataTransform: {
      inboundTransform(_topic, data) {
        counters.gossipIn += data.byteLength
        counters.gossipMessages += 1
        return data
      },
      outboundTransform: (_topic, data) => data,
    },
  })
}

interface Waiting {
  readonly id: string
  readonly source: string
  readonly timer: NodeJS.Timeout
}

/** Records in and out of gossip: gives each a number, and takes one verdict for it in time. */
export class Gossip {
  readonly #router: Router
  readonly #topic: string
  readonly #limits: NetLimits
  readonly #waiting = new Map<number, Waiting>()
  readonly #heard: (event: CustomEvent<GossipsubMessage>) => void
  #nextRef = 1

  constructor(
    service: GossipSub,
    mesh: string,
    limits: NetLimits,
    counters: Counters,
    onRecord: (from: Key, bytes: Uint8Array, ref: number) => void,
  ) {
    // See `Router`: the object is an instance of the class.
    this.#router = service as Router
    this.#topic = topicOf(mesh)
    this.#limits = limits
    this.#heard = ({ detail }) => {
      if (detail.msg.topic !== this.#topic) return
      counters.gossipFirst += 1
      const ref = this.#hold(detail)
      if (ref !== undefined) onRecord(keyOf(detail.propagationSource), detail.msg.data, ref)
    }
  }

  /** After libp2p has started. */
  start(): void {
    this.#router.addEventListener('gossipsub:message', this.#heard)
    this.#router.subscribe(this.#topic)
  }

  stop(): void {
    this.#router.removeEventListener('gossipsub:message', this.#heard)
    for (const { timer } of this.#waiting.values()) clearTimeout(timer)
    this.#waiting.clear()
  }

  /** Too large, or too many without a verdict: undefined, and gossip is told. */
  #hold({ msgId, propagationSource, msg }: GossipsubMessage): number | undefined {
    const source = propagationSource.toString()
    if (msg.data.byteLength > this.#limits.gossipRecordBytes) {
      this.#router.reportMessageValidationResult(msgId, source, TopicValidatorResult.Reject)
      return undefined
    }
    if (this.#waiting.size >= this.#limits.verdictsMax) {
      this.#router.reportMessageValidationResult(msgId, source, TopicValidatorResult.Ignore)
      return undefined
    }
    const ref = this.#nextRef++
    const timer = setTimeout(() => this.verdict(ref, 'ignore'), this.#limits.verdictMs)
    this.#waiting.set(ref, { id: msgId, source, timer })
    return ref
  }

  verdict(ref: number, verdict: Verdict): void {
    const waiting = this.#waiting.get(ref)
    if (!waiting) return
    this.#waiting.delete(ref)
    clearTimeout(waiting.timer)
    this.#router.reportMessageValidationResult(waiting.id, waiting.source, RESULTS[verdict])
  }

  publish(bytes: Uint8Array): void {
    // With nobody to tell it to, or a full buffer, sync delivers.
    this.#router.publish(this.#topic, bytes).catch(() => undefined)
  }

  meshPeers(): Key[] {
    return this.#router.getMeshPeers(this.#topic).map((id) => keyOfPeerId(id))
  }

  /** Members that gossip can talk to: subscribed to the topic, with an open stream to them. */
  subscribers(): Set<Key> {
    const open = this.#router
      .getSubscribers(this.#topic)
      .filter((peer) => this.#router.streamsOutbound.has(peer.toString()))
    return new Set(open.map((peer) => keyOf(peer)))
  }
}
