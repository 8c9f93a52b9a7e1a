import { seal } from '../records/codec.ts'
import type { Body, Envelope } from '../records/types.ts'
import type { EngineState } from './state.ts'

/** Signs with the node's own key. @throws CoreError E_MALFORMED, E_TOO_LARGE */
export function signedBy<B extends Body>(state: EngineState, body: B): Envelope<B> {
  const signer = { key: state.self, sign: (message: Uint8Array) => state.crypto.sign(message) }
  return seal(body, [signer], state.crypto)
}
