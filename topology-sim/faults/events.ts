import { lawEvents } from './law-events.ts'
import { peopleEvents } from './people-events.ts'
import { machineEvents } from './machine-events.ts'
import { maliceEvents } from './malice-events.ts'
import type { Ordeal } from './ordeal.ts'
import type { FaultEvent } from './scenario.ts'

/** One kind of trouble. An event whose time has not come (its node is down, nothing to merge) does nothing. */
export interface EventKind {
  readonly name: string
  /** How often it comes, beside the others. */
  readonly weight: number
  readonly act: (ordeal: Ordeal, event: FaultEvent) => void
}

export const EVENT_KINDS: readonly EventKind[] = [...machineEvents, ...peopleEvents, ...lawEvents, ...maliceEvents]

const BY_NAME = new Map(EVENT_KINDS.map((kind) => [kind.name, kind]))

/** @throws RangeError for a kind that does not exist */
export function actOut(ordeal: Ordeal, event: FaultEvent): void {
  const kind = BY_NAME.get(event.kind)
  if (kind === undefined) throw new RangeError(`there is no kind of event ${event.kind}`)
  kind.act(ordeal, event)
}
