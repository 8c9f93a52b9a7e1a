/** The pure core: records, ledger, engine. The only way in for other folders. */
export type { Crypto, Hasher, Signer, Verifier } from './crypto.ts'
export { CoreError } from './errors.ts'
export type { CoreCode } from './errors.ts'
export type * from './records/types.ts'
export type * from './ledger/types.ts'
