/** The pure core: records, ledger, engine. The only way in for other folders. */
export type { Crypto, Hasher, Signer, Verifier } from './crypto.ts'
export { CoreError } from './errors.ts'
export type { CoreCode } from './errors.ts'
export type * from './records/types.ts'
export type * from './ledger/types.ts'
export {
  addSignatures,
  decodeBody,
  decodeEnvelope,
  encodeBody,
  encodeEnvelope,
  idOf,
  seal,
  signedMessage,
  verifyEnvelope,
} from './records/codec.ts'
export type { Signature } from './records/codec.ts'
export * from './records/guards.ts'
export { fromHex, isKey, isSmallOrder, keyOfPeerId, peerIdOf, shortId, toHex } from './records/keys.ts'
export { RECORD_LIMITS } from './records/limits.ts'
export { isName } from './records/names.ts'
export { notUnderstood } from './records/schemas.ts'
export { LIMITS } from './limits.ts'
export { decodeSyncFrame, encodeSyncFrame } from './sync/frames.ts'
export type * from './sync/frames.ts'
export { decodeAdmissionFrame, encodeAdmissionFrame } from './admission/frames.ts'
export type * from './admission/frames.ts'
export type * from './engine/port.ts'
export { emptyLedger } from './ledger/ledger.ts'
export { dumpLedger } from './ledger/dump.ts'
export { covers, matchesPattern } from './ledger/law.ts'
export { LEDGER_LIMITS } from './ledger/limits.ts'
export { decodeToken, encodeToken } from './admission/token.ts'
export type { Token } from './admission/token.ts'
export { firstCharter, nextCharter } from './ledger/build-charter.ts'
export type { CharterChanges, FirstCharter } from './ledger/build-charter.ts'
export {
  buildCertificate,
  buildInvite,
  buildLeave,
  buildProvisional,
  buildRevoke,
  buildVersion,
} from './ledger/build-entries.ts'
export type { NewCertificate, NewInvite, NewProvisional, NewRevoke, NewVersion } from './ledger/build-entries.ts'
export { actorOf, enrollerOf, grantTo, Scene, SCENE_START_MS } from './testing/actors.ts'
export type { Actor, Tools } from './testing/actors.ts'
export { Engine } from './engine/engine.ts'
export { EngineView } from './engine/view.ts'
export type { NodeState, NodeView, PeerView, PolicyState } from './engine/view.ts'
export { describeWave, rolloutOf } from './rollout/plan.ts'
export type { Rollout, Wave } from './rollout/plan.ts'
export type { RolloutView, WaveState, WaveSum } from './rollout/sums.ts'
export { DEFAULT_SETTINGS, DEFAULT_TIMING } from './engine/settings.ts'
export type { EngineOptions, EngineSettings, Grow, Random, RecordReader, Timing } from './engine/settings.ts'
export { PlainReader } from './engine/reader.ts'
export { NO_LOCAL } from './engine/state.ts'
export { GOSSIP_PARAMS, GOSSIPSUB_OPTIONS } from './gossip-params.ts'
