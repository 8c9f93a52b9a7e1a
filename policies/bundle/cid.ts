import { CID } from 'multiformats/cid'
import { create } from 'multiformats/hashes/digest'

/** The caller's sha2-256: `node:crypto` in the daemon and the command, anything that is right in a test. */
export type Sha256 = (bytes: Uint8Array) => Uint8Array

const SHA2_256 = 0x12
const RAW = 0x55
const DAG_CBOR = 0x71

/** CIDv1 of a chunk of content. */
export function chunkCid(bytes: Uint8Array, sha256: Sha256): CID {
  return CID.createV1(RAW, create(SHA2_256, sha256(bytes)))
}

/** CIDv1 of a bundle's root block. */
export function rootCid(bytes: Uint8Array, sha256: Sha256): CID {
  return CID.createV1(DAG_CBOR, create(SHA2_256, sha256(bytes)))
}

/** Whether `value` is the CID of a chunk: version 1, raw, sha2-256. */
export function isChunkCid(value: unknown): value is CID {
  const cid = CID.asCID(value)
  return (
    cid !== null &&
    cid.version === 1 &&
    cid.code === RAW &&
    cid.multihash.code === SHA2_256 &&
    cid.multihash.size === 32
  )
}

/** @throws Error if the text is not a CID; only texts that this folder made come here */
export function parseCid(text: string): CID {
  return CID.parse(text)
}
