import type { Cid, EngineEvent } from '../../node/core/index.ts'
import type { WorldState } from './state.ts'
import type { TraceLine } from './types.ts'

interface About {
  readonly from?: number
  readonly record?: Cid
  readonly event?: EngineEvent
  /** Of an envelope: its record is what the line is about. */
  readonly bytes?: Uint8Array
}

/** Tells observers. Callers ask `state.observers.length` first, so that a run that nobody watches pays nothing. */
export function trace(state: WorldState, node: number, kind: TraceLine['kind'], text: string, about: About = {}): void {
  const record = about.record ?? idIn(about.event) ?? (about.bytes === undefined ? undefined : idOf(state, about.bytes))
  for (const observer of state.observers) {
    if (observer.node !== undefined && observer.node !== node && observer.node !== about.from) continue
    if (observer.record !== undefined && observer.record !== record) continue
    observer.see({
      atMs: state.nowMs,
      node,
      kind,
      text,
      ...(about.from === undefined ? {} : { from: about.from }),
      ...(record === undefined ? {} : { record }),
      ...(about.event === undefined ? {} : { event: about.event }),
    })
  }
}

function idIn(event: EngineEvent | undefined): Cid | undefined {
  const id = event?.fields['id']
  return typeof id === 'string' ? id : undefined
}

function idOf(state: WorldState, bytes: Uint8Array): Cid | undefined {
  try {
    return state.reader.read(bytes).id
  } catch {
    // Junk has no id.
    return undefined
  }
}
