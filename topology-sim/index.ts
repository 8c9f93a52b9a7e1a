/** The only way into the simulator. */
export { Random } from './kernel/random.ts'
export { Lab, type LabOptions, type TraceLine } from './lab/lab.ts'
export { LabNode, type Disk } from './lab/lab-node.ts'
