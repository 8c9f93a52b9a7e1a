import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { localSecrets, openHost, readFacts } from '../../node/index.ts'
import { convergeHost, evaluateSelector, NO_MEMORY, RESOURCE_TYPES, resolve } from '../../policies/index.ts'
import type { ConvergeResult, Memory, NodeContext, Outcome } from '../../policies/index.ts'
import type { Context } from '../command.ts'
import type { Options } from '../input/options.ts'
import { writeWhole } from '../out/file.ts'
import { contentOf } from './bundle.ts'
import type { LocalBundle } from './bundle.ts'

export interface LocalRun {
  /** Whether the policy's `select` chooses this machine, with the labels that were given. */
  readonly selected: boolean
  readonly outcomes: readonly Outcome[]
  readonly changed: boolean
  readonly converged: boolean
}

/** The node that a machine without a mesh pretends to be. */
export function localNode(options: Options): NodeContext {
  const name = options.text('name') ?? hostname()
  return { labels: options.pairs('label'), facts: readFacts(), node: { name, id: '' } }
}

/** Plans or converges one bundle on this machine: the same code path as in a daemon. */
export async function runHere(
  context: Context,
  bundle: LocalBundle,
  node: NodeContext,
  apply: boolean,
): Promise<LocalRun> {
  if (!evaluateSelector(bundle.policy.select, node).selected)
    return { selected: false, outcomes: [], changed: false, converged: true }
  const secrets = await localSecrets(bundle.policy, node)
  const { resources, waiting, errors } = resolve(bundle.policy, node, bundle.files, RESOURCE_TYPES, { secrets })
  const { policy } = bundle.policy
  if (errors.length > 0) {
    const outcomes = errors.map((error): Outcome => ({
      policy,
      key: error.resource ?? 'policy',
      state: 'failed',
      reason: error.message,
      code: error.code,
    }))
    return { selected: true, outcomes, changed: false, converged: false }
  }
  const dir = join(context.stateDir, 'converge')
  const memory = memoryIn(dir)
  const result: ConvergeResult = await convergeHost({
    host: openHost({ backupDir: join(dir, 'backup') }),
    content: contentOf(bundle),
    types: RESOURCE_TYPES,
    policies: [{ policy, after: [], resources, waiting, grant: null }],
    memory,
    apply,
    signal: context.io.signal,
  })
  if (apply && result.memory !== memory) {
    mkdirSync(dir, { recursive: true, mode: 0o700 })
    writeWhole(join(dir, 'memory.json'), JSON.stringify(result.memory))
  }
  return { selected: true, outcomes: result.outcomes, changed: result.changed, converged: result.converged }
}

/** What earlier runs without a mesh remember of this machine. A damaged file is as good as none: everything is checked as if it were new. */
function memoryIn(dir: string): Memory {
  const path = join(dir, 'memory.json')
  if (!existsSync(path)) return NO_MEMORY
  try {
    const value: unknown = JSON.parse(readFileSync(path, 'utf8'))
    // Written by `runHere` alone.
    return typeof value === 'object' && value !== null && 'v' in value && value.v === 1 ? (value as Memory) : NO_MEMORY
  } catch {
    return NO_MEMORY
  }
}
