import { dumpLedger, NO_LOCAL, type Ledger } from '../../node/core/index.ts'
import { engineOf } from './drive.ts'
import { STATUS, type WorldState } from './state.ts'
import type { ConvergedCount, NodeReport } from './types.ts'

const STATUS_NAMES = Object.keys(STATUS) as (keyof typeof STATUS)[]

/** The whole state of one node. */
export function inspect(state: WorldState, node: number): NodeReport {
  const atMs = state.clockMs
  const name = (other: number): string => state.nameOf(other)
  const status = STATUS_NAMES.find((one) => STATUS[one] === state.status[node]) ?? 'absent'
  const engine = status === 'up' ? engineOf(state, node) : state.engines[node]
  const view = engine?.view
  const ledger = view?.ledger ?? state.onDisk.get(node) ?? state.genesis.ledger
  return {
    node,
    name: name(node),
    key: state.genesis.keys[node] ?? '',
    spec: state.options.fleet.at(node),
    status,
    clockAheadMs: state.aheadMs[node] ?? 0,
    neighbours: state.connections.neighbours(node).map(name),
    mesh: state.network.mesh(node).map(name),
    health: view?.health ?? 'unknown',
    stale: view?.stale ?? null,
    policies: (view?.policies() ?? []).map((one) => ({
      policy: one.policy,
      winner: one.winner?.id ?? null,
      inForce: one.inForce,
      state: one.state,
      code: one.code,
      reason: one.reason,
    })),
    bundles: state.blobs.heldBy(node),
    local: view?.local ?? state.locals[node] ?? NO_LOCAL,
    pools: {
      pending: view?.pending ?? 0,
      held: view?.held ?? 0,
      gaps: view?.gaps.length ?? 0,
      records: ledger.size,
    },
    get ledger() {
      return dumpLedger(ledger, atMs)
    },
    bytesIn: state.network.counters.bytesIn[node] ?? 0,
    bytesOut: state.network.counters.bytesOut[node] ?? 0,
  }
}

/** Members that are up, and those of them that run what their own ledger wants. */
export function countConverged(state: WorldState): ConvergedCount {
  let nodes = 0
  let converged = 0
  for (let node = 0; node < state.size; node++) {
    if (!state.isUp(node)) continue
    const view = state.engines[node]?.view
    nodes++
    if (view === undefined || isConverged(view)) converged++
  }
  return { nodes, converged }
}

/** Whether all that are up have the same ledger: equal records, whatever they make of them. */
export function agree(state: WorldState): boolean {
  const { genesis, engines } = state
  let first: Ledger | null = null
  for (let node = 0; node < state.size; node++) {
    if (!state.isUp(node)) continue
    const ledger = engines[node]?.view.ledger ?? genesis.ledger
    first ??= ledger
    // Equal ones are mostly one object.
    if (ledger !== first && !isSame(ledger.digest, first.digest)) return false
  }
  return true
}

const SECTIONS = ['charters', 'revocations', 'sets', 'feeds'] as const

function isSame(a: Ledger['digest'], b: Ledger['digest']): boolean {
  return SECTIONS.every((section) => a[section].hash === b[section].hash)
}

type View = NonNullable<WorldState['engines'][number]>['view']

function isConverged(view: View): boolean {
  return !view.applying && view.policies().every((one) => one.state === 'ok')
}
