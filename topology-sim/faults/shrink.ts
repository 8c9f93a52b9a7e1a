import { runFaults } from './run.ts'
import type { FaultEvent, FaultScenario } from './scenario.ts'
import type { Stage } from './stage.ts'

/**
 * The shortest list of events that still breaks this rule, by delta debugging (Zeller and Hildebrandt, 2002): halves,
 * quarters and so on are left out as long as the rest breaks it too. Bounded by `RUNS_MAX` runs.
 */
export function shrink(stage: Stage, scenario: FaultScenario, rule: string): FaultScenario {
  let runs = 0
  const breaks = (events: readonly FaultEvent[]): boolean =>
    runs++ < RUNS_MAX && runFaults(stage, { ...scenario, events }).broken?.rule === rule
  let events = scenario.events
  if (breaks([])) return { ...scenario, events: [] }
  let parts = 2
  while (events.length > 1) {
    const size = Math.ceil(events.length / parts)
    const rest = without(events, size).find(breaks)
    if (rest !== undefined) {
      events = rest
      parts = Math.max(2, parts - 1)
    } else if (size === 1 || runs >= RUNS_MAX) break
    else parts = Math.min(events.length, parts * 2)
  }
  return { ...scenario, events }
}

/** The list without its first part, without its second, and so on. */
function without(events: readonly FaultEvent[], size: number): (readonly FaultEvent[])[] {
  const parts = Math.ceil(events.length / size)
  return Array.from({ length: parts }, (_, i) => events.filter((_event, at) => Math.floor(at / size) !== i))
}

/** One line for each event, for people. */
export function describeEvents(scenario: FaultScenario): readonly string[] {
  return scenario.events.map(({ atMs, kind, a, b, c }) => `${String(atMs).padStart(6)} ms  ${kind} (${a}, ${b}, ${c})`)
}

const RUNS_MAX = 150
