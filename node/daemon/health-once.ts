import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import type { CompiledPolicy, ConvergeResult, HostPort, NodeContext, Outcome } from '../../policies/index.ts'
import { AroundRun } from './health-around.ts'
import { RunMarks } from './health-marks.ts'

export interface OnceOptions {
  readonly policy: CompiledPolicy
  /** Names what the policy is at this moment: a check that went well for it is not asked again without a change. */
  readonly version: string
  readonly context: NodeContext
  readonly host: HostPort
  /** Where what must not be forgotten is kept. */
  readonly file: string
  readonly signal: AbortSignal
}

export interface Surroundings {
  /** Null: nothing was done, because what comes before it failed. */
  readonly result: ConvergeResult | null
  /** What failed beside the resources. */
  readonly beside: readonly Outcome[]
}

/** One run without a mesh, with what its policy has around its resources: no version can be brought back, so it only says so. */
export async function surroundOnce(
  { policy, version, context, host, file, signal }: OnceOptions,
  plan: () => Promise<ConvergeResult>,
  work: () => Promise<ConvergeResult>,
): Promise<Surroundings> {
  const around = new AroundRun(host, new RunMarks(fileMeta(file)), signal)
  const name = policy.policy
  const one = {
    ok: true,
    wanted: { policy: name, version },
    bundle: { policy },
    // Its checks have said so themselves, and no version can come back.
    policy: { policy: name, grant: null, resources: [] },
  } as const
  const { prepared, outcomes } = await around.before([one], context, plan)
  if (prepared.length === 0) return { result: null, beside: outcomes }
  const result = await work()
  return { result, beside: [...outcomes, ...(await around.after(prepared, result))] }
}

/** One value in a file of its own. */
function fileMeta(file: string): { get(name: string): unknown; set(name: string, value: unknown): void } {
  return {
    get() {
      if (!existsSync(file)) return undefined
      try {
        return JSON.parse(readFileSync(file, 'utf8'))
      } catch {
        return undefined
      }
    },
    set(_name, value) {
      mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
      writeFileSync(`${file}.new`, JSON.stringify(value), { mode: 0o600 })
      renameSync(`${file}.new`, file)
    },
  }
}
