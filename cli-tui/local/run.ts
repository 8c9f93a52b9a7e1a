import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { localSecrets, openHost, readFacts } from '../../node/index.ts'
import { convergeHost, evaluateSelector, NO_MEMORY, RESOURCE_TYPES, resolve, Session } from '../../policies/index.ts'
import type {
  CompiledPolicy,
  ConvergeResult,
  Memory,
  NodeContext,
  Outcome,
  ResolvedResource,
} from '../../policies/index.ts'
import type { Context } from '../command.ts'
import type { Options } from '../input/options.ts'
import { writeWhole } from '../out/file.ts'
import { contentOf } from './bundle.ts'
import type { LocalBundle } from './bundle.ts'

/** In which state each managed file was found right or was written; null if that does not say everything. */
type States = ReadonlyMap<
  string,
  { readonly dev: number; readonly ino: number; readonly size: number; readonly ctimeMs: number }
>

export interface LocalRun {
  /** Whether the policy's `select` chooses this machine, with the labels that were given. */
  readonly selected: boolean
  readonly outcomes: readonly Outcome[]
  readonly changed: boolean
  readonly converged: boolean
  readonly states: States | null
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
    return { selected: false, outcomes: [], changed: false, converged: true, states: null }
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
    return { selected: true, outcomes, changed: false, converged: false, states: null }
  }
  const dir = join(context.stateDir, 'converge')
  const memory = memoryIn(dir)
  const host = openHost({ backupDir: join(dir, 'backup') })
  const { signal } = context.io
  const session = new Session(true)
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
  if (!apply) return shown(await converge(false), [], null)
  const { health, onChange } = bundle.policy.extra
  if (health === undefined && onChange === undefined) {
    const result = await work()
    return shown(result, [], plainFiles(bundle.policy, resources) ? statesOf(result, session) : null)
  }
  const { surroundOnce } = await import('../../node/index.ts')
  const file = join(dir, 'marks.json')
  const once = { policy: bundle.policy, version: bundle.cid, context: node, host, file, signal }
  const { result, beside } = await surroundOnce(once, async () => await converge(false), work)
  return shown(result, beside, null)
}

/** Whether the state of its files says all of a policy: no commands, folders, absences or secrets, nothing of what the node says of itself. */
function plainFiles(policy: CompiledPolicy, resources: readonly ResolvedResource[]): boolean {
  if (policy.secrets !== undefined || policy.instances !== undefined) return false
  if (/\bfacts\b/.test(JSON.stringify([policy.select, policy.resources, policy.templates]))) return false
  return resources.every(
    ({ type, attrs, noop, schedule }) =>
      type === 'file' &&
      !noop &&
      schedule === undefined &&
      ['content', 'source'].some((attr) => attr in attrs) &&
      !('directory' in attrs),
  )
}

function statesOf(result: ConvergeResult, session: Session): States | null {
  if (!result.converged) return null
  const states = new Map<string, NonNullable<ReturnType<typeof session.seen.stateOf>>>()
  for (const path of result.watch.keys()) {
    const state = session.seen.stateOf(path)
    if (state === undefined) return null
    states.set(path, state)
  }
  return states
}

function shown(result: ConvergeResult | null, beside: readonly Outcome[], states: States | null): LocalRun {
  return {
    selected: true,
    outcomes: [...(result?.outcomes ?? []), ...beside],
    changed: result?.changed ?? false,
    converged: (result?.converged ?? false) && beside.length === 0,
    states,
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
