import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { localSecrets, openHost, readFacts } from '../../node/index.ts'
import { convergeHost, evaluateSelector, NO_MEMORY, RESOURCE_TYPES, resolve, Session } from '../../policies/index.ts'
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
  const host = openHost({ backupDir: join(dir, 'backup') })
  const { signal } = context.io
  const session = new Session()
  const policies = [{ policy, after: [], resources, waiting, grant: null }]
  const content = contentOf(bundle)
  const converge = async (changes: boolean): Promise<ConvergeResult> =>
    await convergeHost({ host, content, types: RESOURCE_TYPES, policies, memory, apply: changes, signal, session })
  const work = async (): Promise<ConvergeResult> => {
    const result = await converge(true)
    if (result.memory !== memory) {
      mkdirSync(dir, { recursive: true, mode: 0o700 })
      writeWhole(join(dir, 'memory.json'), JSON.stringify(result.memory))
    }
    return result
  }
  if (!apply) return shown(await converge(false), [])
  const { health, onChange } = bundle.policy.extra
  if (health === undefined && onChange === undefined) return shown(await work(), [])
  const { surroundOnce } = await import('../../node/index.ts')
  const file = join(dir, 'marks.json')
  const once = { policy: bundle.policy, version: bundle.cid, context: node, host, file, signal }
  const { result, beside } = await surroundOnce(once, async () => await converge(false), work)
  return shown(result, beside)
}

function shown(result: ConvergeResult | null, beside: readonly Outcome[]): LocalRun {
  return {
    selected: true,
    outcomes: [...(result?.outcomes ?? []), ...beside],
    changed: result?.changed ?? false,
    converged: (result?.converged ?? false) && beside.length === 0,
  }
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
