import type { ScenarioEvent } from './events.ts'
import type { Expectation } from './expectations.ts'
import type { ExportedNode } from './fleet-file.ts'
import type { Group, Head, LinksPart, Overlay, PolicyPart, PublisherPart, Region } from './schema.ts'

/** A scenario as it was read and checked. Times in milliseconds from the start, sizes in bytes, shares of one. */
export interface Scenario extends Head {
  /** Groups in the order of the file: node 0 is the first of the first group. */
  readonly fleet: Readonly<Record<string, Group>>
  /** Nodes of a real mesh, in the place of groups. */
  readonly exported: readonly ExportedNode[] | null
  readonly regions: Readonly<Record<string, Region>>
  readonly links: LinksPart
  readonly overlay: Overlay
  readonly publishers: Readonly<Record<string, PublisherPart>>
  readonly policies: Readonly<Record<string, PolicyPart>>
  /** By time; those of one time in the order of the file. */
  readonly events: readonly ScenarioEvent[]
  readonly expect: readonly Expectation[]
}

export function nodesOf({ fleet, exported }: Pick<Scenario, 'fleet' | 'exported'>): number {
  return exported?.length ?? Object.values(fleet).reduce((sum, group) => sum + group.count, 0)
}
