import { decode, encode } from '@ipld/dag-cbor'
import { encodeBody, fromHex, idOf } from '../../../node/core/index.ts'
import type { Body, Cid } from '../../../node/core/index.ts'
import type { LabNode } from '../../lab/lab-node.ts'
import type { Ordeal } from '../ordeal.ts'

/** One way to write what must not be believed, and the rule of RECORDS.md that stands against it. */
export interface Forgery {
  readonly name: string
  /** Section of RECORDS.md. */
  readonly section: number
  readonly rule: string
  /** Envelopes to spread; tells `ordeal.truth` what is never to be made of them. Empty: it cannot be made now. */
  readonly make: (ordeal: Ordeal, node: LabNode, c: number) => readonly Uint8Array[]
}

export type Wire = Record<string, unknown>

export interface Forged {
  readonly id: Cid
  readonly bytes: Uint8Array
  readonly bodyBytes: Uint8Array
}

/** A body as plain wire values, to be bent. */
export function wireOf(body: Body): Wire {
  // `encodeBody` writes a map.
  return decode(encodeBody(body)) as Wire
}

/** Signs whatever bytes, without asking the engine's own builders whether they make sense. */
export function forge(
  ordeal: Ordeal,
  body: Wire | Uint8Array,
  signers: readonly string[],
  message?: Uint8Array,
): Forged {
  const bodyBytes = body instanceof Uint8Array ? body : new Uint8Array(encode(body))
  const type = body instanceof Uint8Array ? 'feed/version' : String(body['type'])
  const said = message ?? preAuth(type, bodyBytes)
  const sigs = signers.map((name) => ({ key: ordeal.keyOf(name), sig: ordeal.stage.actor(name).sign(said) }))
  return pack(ordeal, bodyBytes, sigs)
}

export function pack(ordeal: Ordeal, bodyBytes: Uint8Array, sigs: readonly { key: string; sig: Uint8Array }[]): Forged {
  const sorted = sigs.toSorted((x, y) => (x.key < y.key ? -1 : x.key > y.key ? 1 : 0))
  const bytes = encode({ body: bodyBytes, sigs: sorted.map(({ key, sig }) => ({ key: fromHex(key), sig })) })
  return { id: idOf(bodyBytes, ordeal.stage.tools.hasher), bytes: new Uint8Array(bytes), bodyBytes }
}

/** DSSE's pre-authentication encoding, written again: the engine's own is under test. */
export function preAuth(type: string, body: Uint8Array): Uint8Array {
  const head = new TextEncoder().encode(`DSSEv1 ${type.length + 9} chorus/1/${type} ${body.length} `)
  const out = new Uint8Array(head.length + body.length)
  out.set(head)
  out.set(body, head.length)
  return out
}

export function absent(ordeal: Ordeal, rule: string, forged: Forged, relay = false): readonly Uint8Array[] {
  ordeal.truth.absent.set(forged.id, rule)
  if (!relay) ordeal.truth.unrelayed.set(forged.bytes, rule)
  return [forged.bytes]
}

export function voided(
  ordeal: Ordeal,
  rule: string,
  forged: { readonly id: Cid; readonly bytes: Uint8Array },
): readonly Uint8Array[] {
  ordeal.truth.void.set(forged.id, rule)
  return [forged.bytes]
}
