import { actOut, EVENT_KINDS } from './events.ts'
import { expected, finale, hasConverged } from './finale.ts'
import { cureDisks } from './machine-events.ts'
import { Ordeal } from './ordeal.ts'
import { scenarioOf } from './scenario.ts'
import type { FaultScenario } from './scenario.ts'
import type { Stage } from './stage.ts'
import { Violation, Watch } from './watch.ts'

/** What became of a run. */
export interface FaultRun {
  readonly scenario: FaultScenario
  /** Null: every promise was kept. */
  readonly broken: { readonly rule: string; readonly message: string; readonly atMs: number } | null
  /** Virtual time. */
  readonly tookMs: number
  readonly ordeal: Ordeal
}

export function faultScenario(seed: number): FaultScenario {
  return scenarioOf(
    seed,
    EVENT_KINDS.map(({ name, weight }) => [name, weight] as const),
  )
}

/** Plays a scenario from its first fault to the last promise. The same scenario gives the same run. */
export function runFaults(stage: Stage, scenario: FaultScenario): FaultRun {
  const ordeal = new Ordeal(stage, scenario)
  const watch = new Watch(ordeal)
  ordeal.lab.watch = watch
  const begun = ordeal.nowMs
  const result = (broken: FaultRun['broken']): FaultRun => ({ scenario, broken, tookMs: ordeal.nowMs - begun, ordeal })
  try {
    play(ordeal, watch)
    return result(null)
  } catch (error) {
    if (error instanceof Violation)
      return result({ rule: error.rule, message: error.message, atMs: ordeal.nowMs - begun })
    // A crash of the engine itself breaks the first promise of all.
    const message = error instanceof Error ? (error.stack ?? error.message) : String(error)
    const first = message.split('\n')[0] ?? ''
    return result({ rule: `an engine never throws (${first.slice(0, 60)})`, message, atMs: ordeal.nowMs - begun })
  }
}

function play(ordeal: Ordeal, watch: Watch): void {
  ordeal.lab.run(SETUP_MS)
  for (const event of ordeal.scenario.events) ordeal.lab.later(event.atMs, () => actOut(ordeal, event))
  const until = ordeal.nowMs + (ordeal.scenario.events.at(-1)?.atMs ?? 0) + 3_000
  for (let turn = 0; ordeal.nowMs < until; turn++) {
    ordeal.lab.run(LOOK_MS)
    ordeal.rewire()
    watch.look(turn % 6 === 5)
  }
  heal(ordeal)
  const last = ordeal.nowMs + SETTLE_MAX_MS
  const least = ordeal.nowMs + (ordeal.truth.clones > 0 ? 90_000 : 4_000)
  while (ordeal.nowMs < last && (ordeal.nowMs < least || !hasConverged(ordeal))) {
    ordeal.lab.run(2 * LOOK_MS)
    ordeal.rewire(4)
    watch.look(false)
  }
  watch.look(true)
  finale(ordeal)
}

/** Cables, disks, clocks and machines are put right; who lies goes on with it in half of the runs. */
function heal(ordeal: Ordeal): void {
  const { lab } = ordeal
  lab.passes = () => true
  lab.gossipLoss = 0
  lab.gossipTwice = 0
  cureDisks(ordeal)
  const mallory = ordeal.mallory()
  if (mallory !== undefined && ordeal.scenario.seed % 2 === 0) mallory.malice = null
  for (const node of ordeal.honest()) {
    if (!node.up) node.restart()
    node.setClock(0)
    ordeal.command(node, { type: 'unhold' })
  }
  const nodes = expected(ordeal)
  for (const [at, node] of nodes.entries()) lab.connect(node.name, nodes[(at + 1) % nodes.length]?.name ?? node.name)
}

const SETUP_MS = 3_000
const LOOK_MS = 2_000
/** Ten rounds of periodic sync, and bundles that are asked for again. */
const SETTLE_MAX_MS = 400_000
