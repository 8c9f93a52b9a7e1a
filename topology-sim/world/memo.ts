import {
  CoreError,
  decodeEnvelope,
  dumpLedger,
  verifyEnvelope,
  type Envelope,
  type Grow,
  type Ledger,
  type RecordReader,
  type Verifier,
} from '../../node/core/index.ts'
import { SIM_LIMITS } from '../limits.ts'
import { hasher } from './crypto.ts'
import { LateRecord } from './late-record.ts'

/**
 * What lets a million engines hold the same records at the cost of one: bytes are decoded and verified once, and nodes
 * that hold the same set of records hold the same ledger object. Nothing is skipped: each decision is made by the real
 * code, once for each distinct case.
 */
export class SharedReader implements RecordReader {
  readonly #verifier: Verifier
  readonly #decoded = new WeakMap<Uint8Array, Envelope | CoreError>()
  readonly #verified = new WeakMap<Envelope, boolean>()

  constructor(verifier: Verifier) {
    this.#verifier = verifier
  }

  /** Records that were made here need not be decoded. */
  know(envelope: Envelope, bytes: Uint8Array): void {
    this.#decoded.set(bytes, envelope)
  }

  read(bytes: Uint8Array): Envelope {
    const known = this.#decoded.get(bytes)
    if (known !== undefined) {
      if (known instanceof CoreError) throw known
      return known
    }
    try {
      const envelope = decodeEnvelope(bytes, hasher)
      this.#decoded.set(bytes, envelope)
      return envelope
    } catch (error) {
      if (error instanceof CoreError) this.#decoded.set(bytes, error)
      throw error
    }
  }

  verify(envelope: Envelope): boolean {
    if (envelope instanceof LateRecord) return true
    const known = this.#verified.get(envelope)
    if (known !== undefined) return known
    const valid = verifyEnvelope(envelope, this.#verifier)
    this.#verified.set(envelope, valid)
    return valid
  }
}

type Added = ReturnType<Grow>

/** Equal digests, and yet different ledgers: the law that any order gives the same bytes is broken. */
export type Unequal = (a: Ledger, b: Ledger) => void

export class SharedLedgers {
  readonly #steps = new WeakMap<Ledger, Map<string, Added>>()
  /** By digest: one object for all that hold the same records. */
  readonly #canonical = new Map<string, Ledger>()
  readonly #unequal: Unequal
  readonly #compareNow: number

  /** @param compareNow the time at which memberships of two ledgers are compared; any will do */
  constructor(compareNow: number, unequal: Unequal) {
    this.#compareNow = compareNow
    this.#unequal = unequal
  }

  readonly grow: Grow = (ledger, envelopes) => {
    let steps = this.#steps.get(ledger)
    if (steps === undefined) {
      steps = new Map()
      this.#steps.set(ledger, steps)
    }
    const first = envelopes[0]
    const name =
      envelopes.length === 1 && first !== undefined ? first.id : envelopes.map((envelope) => envelope.id).join(' ')
    const known = steps.get(name)
    if (known !== undefined) return known
    const added = ledger.add(envelopes)
    const made = added.ledger === ledger ? added : { ...added, ledger: this.canonical(added.ledger) }
    steps.set(name, made)
    return made
  }

  /** The object that stands for all ledgers with these records. */
  canonical(ledger: Ledger): Ledger {
    const name = digestText(ledger)
    const known = this.#canonical.get(name)
    if (known === ledger) return ledger
    if (known !== undefined) {
      if (ledger.size > SIM_LIMITS.comparedRecords || this.#isEqual(known, ledger)) return known
      this.#unequal(known, ledger)
      return ledger
    }
    const oldest = this.#canonical.size >= SIM_LIMITS.canonicalLedgers ? this.#canonical.keys().next().value : undefined
    if (oldest !== undefined) this.#canonical.delete(oldest)
    this.#canonical.set(name, ledger)
    return ledger
  }

  #isEqual(a: Ledger, b: Ledger): boolean {
    return dumpLedger(a, this.#compareNow) === dumpLedger(b, this.#compareNow)
  }
}

export function digestText({ digest }: Ledger): string {
  const { charters, revocations, sets, feeds } = digest
  return `${charters.hash} ${revocations.hash} ${sets.hash} ${feeds.hash} ${feeds.count} ${sets.count}`
}
