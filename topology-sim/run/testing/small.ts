import { readFileSync } from 'node:fs'
import { formatDiagnostic, type PolicySource } from '../../../policies/index.ts'
import { readScenario } from '../../scenario/read.ts'
import { scaleTo } from '../../scenario/scale.ts'
import type { Scenario } from '../../scenario/types.ts'
import { hasher } from '../../world/crypto.ts'
import { makeWorld } from '../../world/world.ts'
import type { RunSetup } from '../driver.ts'
import { compileForFleet } from '../policies.ts'
import type { RunAgain } from '../result.ts'

/** Scenarios in tests: read from text, with the real compiler, on a real world. */
export function scenarioOf(text: string): Scenario {
  const { scenario, diagnostics } = readScenario('test.yaml', text)
  if (scenario === undefined) throw new Error(diagnostics.map(formatDiagnostic).join('\n'))
  return scenario
}

export interface SetupOptions {
  readonly nodes?: number
  readonly seed?: number
  readonly fail?: string
  /** Of a policy folder that the scenario names. */
  readonly source?: (folder: string) => PolicySource
}

export function setupOf(text: string, { nodes, seed, fail = '', source }: SetupOptions = {}): RunSetup {
  const read = scenarioOf(text)
  const sized = nodes === undefined ? read : scaleTo(read, nodes)
  const scenario = seed === undefined ? sized : { ...sized, seed }
  const bundles = new Map(
    Object.entries(scenario.policies).map(([name, part]) => {
      const from = part.folder === undefined ? undefined : source?.(part.folder)
      const { bundle, diagnostics } = compileForFleet(name, part, from, (bytes) => hasher.sha256(bytes))
      if (bundle === undefined) throw new Error(diagnostics.map(formatDiagnostic).join('\n'))
      return [name, bundle] as const
    }),
  )
  return { scenario, bundles, fail: fail === '' ? null : fail, hasher, makeWorld }
}

export const AGAIN: RunAgain = { file: 'test.yaml', nodes: null, fleet: null, policies: [], fail: null, digest: 'test' }

/** The text of a ready scenario. */
export function readyText(name: string): string {
  return readFileSync(new URL(`../../scenarios/${name}.yaml`, import.meta.url), 'utf8')
}
