import { CoreError } from '../errors.ts'
import type { Ledger } from '../ledger/types.ts'
import type { Envelope } from '../records/types.ts'
import { NO_DIRT } from './batches.ts'
import { event } from './emit.ts'
import type { Snapshot } from './port.ts'
import type { Dirt, EngineState } from './state.ts'

/** What was durable counts again; signatures were checked when it came. */
export function restore(state: EngineState, snapshot: Snapshot): void {
  if (snapshot.local !== null) state.local = snapshot.local
  if (snapshot.ledger !== undefined) restoreLedger(state, snapshot.ledger, snapshot.peers !== undefined)
  else restoreRecords(state, snapshot.records)
  const lost = state.local.own.filter((id) => !state.ledger.has(id))
  if (lost.length === 0) return
  event(state, 'warn', 'restored', 'Own entries are missing here (an older backup?): they are asked for first.', {
    lost,
  })
}

/** The same as records that make this ledger, without making it again. */
function restoreLedger(state: EngineState, ledger: Ledger, atRest: boolean): void {
  state.ledger = ledger
  state.durable = ledger
  // At rest everybody belongs: only the policies are to be looked at.
  state.settled = atRest ? restingDirt(ledger) : { ...NO_DIRT, charters: true, law: true }
}

function restoreRecords(state: EngineState, records: Snapshot['records']): void {
  const envelopes: Envelope[] = []
  for (const bytes of records) {
    try {
      envelopes.push(state.reader.read(bytes))
    } catch (error) {
      if (!(error instanceof CoreError)) throw error
      event(state, 'error', 'badStore', `A stored record is refused (${error.code}) and asked for again.`, {
        code: error.code,
      })
    }
  }
  const { ledger, changed } = state.grow(state.ledger, envelopes)
  state.ledger = ledger
  state.durable = ledger
  state.settled = changed
}

const resting = new WeakMap<Ledger, Dirt>()

/** The same for all nodes that begin with this ledger. */
function restingDirt(ledger: Ledger): Dirt {
  const known = resting.get(ledger)
  if (known !== undefined) return known
  const dirt = { ...NO_DIRT, policies: ledger.policies() }
  resting.set(ledger, dirt)
  return dirt
}
