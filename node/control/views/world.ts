import type { Beacon, EngineView, Key, Millis, NodeIdentity } from '../../core/index.ts'
import { shortId } from '../../core/index.ts'
import type { PeerInfo } from '../../net/types.ts'

/** The node as its screens show it: what the engine knows, and what only the daemon does. */
export interface NodeWorld {
  readonly view: EngineView
  readonly self: Key
  readonly instance: string
  readonly agent: string
  readonly observe: boolean
  readonly presence: Beacon['presence']
  readonly startedAt: Millis
  /** Full multiaddrs. */
  readonly addrs: readonly string[]
  readonly peers: readonly PeerInfo[]
  readonly facts: Readonly<Record<string, unknown>>
}

/** Certified name and labels; of a node that is no member (any more) the start of its id. */
export function identityOf({ view, self }: NodeWorld): NodeIdentity {
  return view.identity() ?? { name: shortId(self), labels: {} }
}

/** The clock to judge by: this node's, unless most others say that it is wrong. */
export function nowOf({ view }: NodeWorld): Millis {
  return view.now + view.skewMs
}
