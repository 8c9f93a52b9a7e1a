import type { Hasher, Ledger } from '../../node/core/index.ts'
import type { Scenario } from '../scenario/types.ts'
import type { Publication } from '../world/measure.ts'
import type { PolicyBundle, World } from '../world/types.ts'
import type { ScenarioFleet } from './fleet.ts'
import type { Partitions } from './partitions.ts'

/** What a scenario knows of a version beside the version itself. */
export interface About {
  readonly name: string
  /** CID of its bundle; null for a retirement. */
  readonly bundle: string | null
  readonly by: string
  readonly thief: boolean
}

/** What events act on, and where they leave their traces. */
export interface Stage {
  readonly world: World
  readonly fleet: ScenarioFleet
  readonly scenario: Scenario
  readonly bundles: ReadonlyMap<string, PolicyBundle>
  readonly hasher: Hasher
  /** A line for the timeline. */
  readonly say: (kind: string, text: string) => void
  published(publication: Publication, about: About): void
  /** A fault is in force from now on; the result ends it. Healing is measured from the end of the last one. */
  fault(): () => void
  /** Those in force. */
  readonly partitions: Partitions
  /** What a publisher's machine knew when it was backed up, by publisher and time. */
  readonly backups: Map<string, Ledger>
}
