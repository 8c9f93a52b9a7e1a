import type { Key } from '../records/types.ts'
import type { AdmissionPull, Hello } from './frames.ts'

/** One connection on its way in, at most 10 s and 1 MiB. */
export interface Handshake {
  readonly conn: string
  readonly peer: Key
  readonly role: 'dialler' | 'listener'
  readonly startedAt: number
  /** Both directions. */
  bytes: number
  /** The other side's; null until it came. */
  hello: Hello | null
  accepted: boolean
  acceptedBy: boolean
  /** What this side still asks before it judges; null: it asks nothing (any more). */
  pulls: AdmissionPull[] | null
  flying: AdmissionPull | null
  /** It asked once for what proves the other's certificate. */
  provenAsked: boolean
}
