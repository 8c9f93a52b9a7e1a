import { base32 } from 'multiformats/bases/base32'
import { CoreError } from '../errors.ts'
import type { Hasher, Signer, Verifier } from '../crypto.ts'
import { decodeStrict, encodeStrict } from './cbor.ts'
import { fromHex, toHex } from './keys.ts'
import { RECORD_LIMITS } from './limits.ts'
import { familyOf, shapeOf } from './schemas.ts'
import { bytes, list, object, wrong } from './shape.ts'
import type { Shape } from './shape.ts'
import type { Body, Cid, Envelope, Key } from './types.ts'

/** The wire form of records: envelope, body, id, signatures (RECORDS.md, section 1). */

export interface Signature {
  readonly key: Key
  readonly sig: Uint8Array
}

const anyBytes: Shape<Uint8Array> = {
  read(v) {
    if (!(v instanceof Uint8Array)) throw wrong('it must be bytes')
    return v
  },
  write: (v) => v,
}
const envelopeShape = object({
  body: anyBytes,
  sigs: list(object({ key: bytes(32), sig: bytes(64) }), RECORD_LIMITS.signatures, 1),
})
const typeOf = object({ v: anyVersion(), type: anyText() })

function anyVersion(): Shape<1> {
  return {
    read(v) {
      if (v !== 1) throw wrong('it is not of wire version 1')
      return 1
    },
    write: (v) => v,
  }
}

function anyText(): Shape<string> {
  return {
    read(v) {
      if (typeof v !== 'string') throw wrong('it must be text')
      return v
    },
    write: (v) => v,
  }
}

/**
 * Size, canonical bytes, envelope and the shape of the body; not the signatures (`verifyEnvelope`), not the mesh.
 * The envelope keeps `bytes` as they are: do not change them afterwards.
 * @throws CoreError E_TOO_LARGE, E_MALFORMED
 */
export function decodeEnvelope(bytes: Uint8Array, hasher: Hasher): Envelope {
  const outer = envelopeShape.read(decodeStrict(bytes, RECORD_LIMITS.charterBytes))
  const sigs = outer.sigs.map(({ key, sig }) => ({ key: toHex(key), sig }))
  checkSorted(sigs)
  const body = decodeBody(outer.body)
  if (body.type !== 'charter' && bytes.length > RECORD_LIMITS.recordBytes) {
    throw new CoreError(
      'E_TOO_LARGE',
      `A ${body.type} of ${bytes.length} bytes is over the limit of ${RECORD_LIMITS.recordBytes}.`,
      { size: bytes.length, limit: RECORD_LIMITS.recordBytes },
    )
  }
  return {
    id: idOf(outer.body, hasher),
    envelopeHash: toHex(hasher.sha256(bytes)),
    bytes,
    bodyBytes: outer.body,
    sigs,
    family: familyOf(body.type),
    body,
  }
}

/** @throws CoreError E_TOO_LARGE, E_MALFORMED */
export function decodeBody(bodyBytes: Uint8Array): Body {
  const wire = decodeStrict(bodyBytes, RECORD_LIMITS.charterBytes)
  const body = shapeOf(typeOf.read(wire).type).read(wire)
  checkWhole(body)
  return body
}

/** Canonical bytes of a body. @throws CoreError E_MALFORMED if it does not have the shape of its type */
export function encodeBody(body: Body): Uint8Array {
  checkWhole(body)
  return encodeStrict(shapeOf(body.type).write(body))
}

/** CID (v1, dag-cbor, sha2-256) of a body, base32. */
export function idOf(bodyBytes: Uint8Array, hasher: Hasher): Cid {
  const cid = new Uint8Array(36)
  cid.set([0x01, 0x71, 0x12, 0x20])
  cid.set(hasher.sha256(bodyBytes), 4)
  return base32.encode(cid)
}

const encoder = new TextEncoder()

/** What is signed: the DSSE pre-authentication encoding of `chorus/1/` + type and the body. */
export function signedMessage(type: string, bodyBytes: Uint8Array): Uint8Array {
  const payloadType = encoder.encode(`chorus/1/${type}`)
  const head = encoder.encode(`DSSEv1 ${payloadType.length} chorus/1/${type} ${bodyBytes.length} `)
  const message = new Uint8Array(head.length + bodyBytes.length)
  message.set(head)
  message.set(bodyBytes, head.length)
  return message
}

/** Signs a body with every signer and gives the decoded envelope. @throws CoreError E_MALFORMED, E_TOO_LARGE */
export function seal<B extends Body>(body: B, signers: readonly Signer[], hasher: Hasher): Envelope<B> {
  const bodyBytes = encodeBody(body)
  const message = signedMessage(body.type, bodyBytes)
  const sigs = signers.map((signer) => ({ key: signer.key, sig: signer.sign(message) }))
  // Decoding what was just encoded gives the same type of body back.
  return decodeEnvelope(encodeEnvelope(bodyBytes, sigs), hasher) as Envelope<B>
}

/** Adds signatures to an envelope, so that m of n roots can sign one after the other. */
export function addSignatures<B extends Body>(
  envelope: Envelope<B>,
  signers: readonly Signer[],
  hasher: Hasher,
): Envelope<B> {
  const message = signedMessage(envelope.body.type, envelope.bodyBytes)
  const added = signers.map((signer) => ({ key: signer.key, sig: signer.sign(message) }))
  const names = new Set(added.map((sig) => sig.key))
  const sigs = [...envelope.sigs.filter((sig) => !names.has(sig.key)), ...added]
  // The body's bytes are the same, so is its type.
  return decodeEnvelope(encodeEnvelope(envelope.bodyBytes, sigs), hasher) as Envelope<B>
}

/** The envelope's bytes, with the signatures sorted by key. @throws CoreError E_MALFORMED if a key signs twice */
export function encodeEnvelope(bodyBytes: Uint8Array, sigs: readonly Signature[]): Uint8Array {
  const sorted = sigs.toSorted((a, b) => (a.key < b.key ? -1 : 1))
  checkSorted(sorted)
  return encodeStrict({ body: bodyBytes, sigs: sorted.map(({ key, sig }) => ({ key: fromHex(key), sig })) })
}

/**
 * Are these the signers that the type asks for, and are all signatures valid? Whether a charter has enough of the right
 * ones is the ledger's question.
 */
export function verifyEnvelope(envelope: Envelope, verifier: Verifier): boolean {
  const must = requiredSigners(envelope.body)
  if (must !== null) {
    if (envelope.sigs.length !== must.length) return false
    if (!must.every((key) => envelope.sigs.some((sig) => sig.key === key))) return false
  }
  if (envelope.family === 'set' && !envelope.sigs.some((sig) => sig.key === envelope.body.key)) return false
  const message = signedMessage(envelope.body.type, envelope.bodyBytes)
  return envelope.sigs.every(({ key, sig }) => verifier.verify(key, message, sig))
}

/** Null: the type decides for itself (charters by threshold; unknown set types need at least their own key). */
function requiredSigners(body: Body): readonly Key[] | null {
  if (body.type === 'charter' || body.key === null) return null
  if ('unknown' in body) return body.type.startsWith('set/') ? null : [body.key]
  if ('inviteId' in body) return [body.key, body.invite]
  return [body.key]
}

function checkSorted(sigs: readonly Signature[]): void {
  for (let i = 1; i < sigs.length; i++) {
    if ((sigs[i - 1]?.key ?? '') >= (sigs[i]?.key ?? ''))
      throw wrong('its signatures are not sorted by key, each key once')
  }
}

/** What no single field shows. */
function checkWhole(body: Body): void {
  if ('unknown' in body) return
  if (body.type === 'charter') {
    if (!('nonce' in body) === (body.mesh === null))
      throw wrong('charter 1 has a nonce and no mesh, a later one the reverse')
  } else if ('action' in body) {
    if (body.action === 'apply' && body.bundle === null) throw wrong('a version that applies needs a bundle')
  } else if ('inviteId' in body) {
    if (body.invite === body.key) throw wrong('an invite cannot be its own peer')
  } else if ('peer' in body) {
    if (body.serial > 0 !== 'replaces' in body) throw wrong('a certificate names what it replaces, except at serial 0')
  }
}
