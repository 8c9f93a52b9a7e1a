/** The only way into the simulator. */
export { Random } from './kernel/random.ts'
export { Lab, type LabOptions, type TraceLine } from './lab/lab.ts'
export { LabNode, type Disk } from './lab/lab-node.ts'
export { faultScenario, runFaults, type FaultRun } from './faults/run.ts'
export type { FaultEvent, FaultScenario } from './faults/scenario.ts'
export { describeEvents, shrink } from './faults/shrink.ts'
export { Stage, type StageTools } from './faults/stage.ts'

export { readScenario, type ReadOptions, type ReadScenario } from './scenario/read.ts'
export { parseTime } from './scenario/units.ts'
export { scenarioJsonSchema } from './scenario/json-schema.ts'
export { parseFleet, type ExportedFleet, type ExportedNode } from './scenario/fleet-file.ts'
export { scaleTo } from './scenario/scale.ts'
export { withPolicies } from './scenario/replace.ts'
export { topologyProblems } from './scenario/topology.ts'
export { memoryOf, modelMemoryOf } from './scenario/memory.ts'
export { nodesOf, type Scenario } from './scenario/types.ts'
export { compileForFleet } from './run/policies.ts'
export { Driver, type RunSetup } from './run/driver.ts'
export { runScenario, type RunHooks, type RunProgress } from './run/run.ts'
export type * from './run/result.ts'
export { compareRuns, lastOf, mergeRuns, type Compared, type Merged } from './report/metrics.ts'
export { csvFiles } from './report/csv.ts'
export { parseRuns } from './report/read-run.ts'
export { htmlReport } from './report/html.ts'
export { watch } from './run/watch.ts'
export { reduceEvents } from './run/reduce.ts'
export * from './report/format.ts'
export { SimError, type SimCode } from './errors.ts'
export { SIM_LIMITS } from './limits.ts'
export { exactNetwork } from './exact/exact.ts'
export { makeWorld } from './world/world.ts'
export type { HostModel } from './world/hosts.ts'
export type { Violation } from './world/invariants.ts'
export type { Measurements, Publication, PublicationFigures, Quantiles } from './world/measure.ts'
export type * from './world/types.ts'
export {
  simulate,
  type Converged,
  type PublishOptions,
  type SimulateOptions,
  type Simulation,
} from './simulate/simulate.ts'
