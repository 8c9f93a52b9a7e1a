import type { BlobService } from '../blobs/types.ts'
import type { Cid, EngineEvent, Input, Reply } from '../core/index.ts'
import { encodeAdmissionFrame, encodeSyncFrame } from '../core/index.ts'
import type { Network } from '../net/types.ts'
import type { Actions, EffectOf } from './driver.ts'
import type { GroupCommit } from './group-commit.ts'

/** What the engine thought of a record that was handed in locally. */
export type LocalVerdict = Pick<EffectOf<'verdict'>, 'result' | 'code' | 'id'>

/** Whoever waits for the engine's answer, by the number that was given with the question. */
export interface Waiting {
  verdict(ref: number, verdict: LocalVerdict): void
  reply(ref: number, reply: Reply): void
}

export interface World {
  readonly net: Network
  readonly blobs: BlobService
  readonly commit: GroupCommit
  readonly waiting: Waiting
  apply(effect: EffectOf<'apply'>): void
  event(event: EngineEvent): void
  /** Bundles that the engine wants kept; the store collects the rest. */
  keep(cids: readonly Cid[]): void
  feed(input: Input): void
}

/** References of records handed in locally are negative; the network's own are not. */
export const isLocalRef = (ref: number): boolean => ref < 0

/** What each effect of the engine means for the world, one line each. */
export function actionsOn(world: World): Actions {
  const { net, blobs, commit, waiting } = world
  return {
    verdict({ ref, result, code, id }) {
      if (isLocalRef(ref)) waiting.verdict(ref, { result, code, id })
      else net.verdict(ref, result)
    },
    gossip: ({ bytes }) => net.publish(bytes),
    send({ peer, frame }) {
      if (!net.sendSync(peer, encodeSyncFrame(frame))) world.feed({ type: 'blocked', peer })
    },
    admitSend: ({ conn, frame }) => net.admitSend(conn, encodeAdmissionFrame(frame)),
    admitResult: ({ conn, ok, code, reason }) => net.admitResult(conn, ok, code, reason),
    persist: (effect) => commit.add(effect),
    blobWant: ({ cid, size, from }) => blobs.want(cid, size, from),
    blobCancel: ({ cid }) => blobs.cancel(cid),
    blobKeep: ({ cids }) => world.keep(cids),
    apply: (effect) => world.apply(effect),
    dial({ peer, addrs, hurry }) {
      if (hurry) net.dial(peer, addrs)
      else net.learn(peer, addrs)
    },
    hangup({ peer, code }) {
      net.hangup(peer, code)
      // A peer that is a member no more is not to be dialled again; any other reason passes.
      if (REMOVED.has(code)) net.forget(peer)
    },
    probe({ peer }) {
      void net.probe(peer).then((reachable) => world.feed({ type: 'probed', peer, reachable }))
    },
    reply: ({ ref, reply }) => waiting.reply(ref, reply),
    event: ({ event }) => world.event(event),
  }
}

const REMOVED: ReadonlySet<string> = new Set(['E_REVOKED', 'E_LEFT', 'E_EXPIRED'])
