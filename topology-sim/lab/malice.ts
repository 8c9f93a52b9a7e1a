import type { AdmissionFrame, SyncFrame } from '../../node/core/index.ts'
import type { LabNode } from './lab-node.ts'

/** How a member (or a stranger) behaves that runs the engine and lies about what it says. What is not given is honest. */
export interface Malice {
  /** What leaves instead of this frame; nothing: it is dropped. */
  readonly frames?: (to: LabNode, frame: SyncFrame) => readonly SyncFrame[]
  readonly admits?: (frame: AdmissionFrame) => readonly AdmissionFrame[]
  /** False: it passes on nothing that it hears. @default true */
  readonly relays?: boolean
  /** It says that it has every bundle, and sends wrong bytes. @default false */
  readonly liesAboutBundles?: boolean
  /** Everything from it comes this much later. Milliseconds. @default 0 */
  readonly delayMs?: number
}
