/** The only way into the simulator. */
export { Random } from './kernel/random.ts'
export { Lab, type LabOptions, type TraceLine } from './lab/lab.ts'
export { LabNode, type Disk } from './lab/lab-node.ts'
export { faultScenario, runFaults, type FaultRun } from './faults/run.ts'
export type { FaultEvent, FaultScenario } from './faults/scenario.ts'
export { describeEvents, shrink } from './faults/shrink.ts'
export { Stage, type StageTools } from './faults/stage.ts'
