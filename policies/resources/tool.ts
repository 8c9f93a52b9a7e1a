import { PolicyError } from '../errors.ts'
import type { ExecOptions, ExecResult } from '../host.ts'
import { LIMITS } from '../limits.ts'
import { exitCode, lastWords } from './command.ts'
import type { TypeContext } from './type.ts'

/** How a tool of the system is run; a policy does not name it. */
export interface ToolOptions extends Pick<ExecOptions, 'env' | 'user' | 'cwd'> {
  /** @default LIMITS.toolTimeoutMs */
  readonly timeoutMs?: number
  readonly stdin?: string
}

/** Runs a tool within what is left of the run. Its output is read by programs, so it speaks English. */
export function runTool(context: TypeContext, argv: readonly string[], options: ToolOptions = {}): Promise<ExecResult> {
  const { timeoutMs = LIMITS.toolTimeoutMs, stdin, env, ...where } = options
  return context.host.exec(argv, {
    ...where,
    env: { LC_ALL: 'C.UTF-8', ...env },
    timeoutMs: Math.max(1, Math.min(timeoutMs, context.timeLeft())),
    maxOutputBytes: LIMITS.toolOutputBytes,
    ...(stdin === undefined ? {} : { stdin: new TextEncoder().encode(stdin) }),
    ...(context.signal === undefined ? {} : { signal: context.signal }),
  })
}

/**
 * What the tool printed.
 *
 * @param codes exit codes that are no failure
 * @throws PolicyError E_EXEC, E_TIMEOUT, E_CANCELLED, E_EXIT
 */
export async function askTool(
  context: TypeContext,
  argv: readonly string[],
  codes: readonly number[] = [0],
): Promise<string> {
  const result = await runTool(context, argv)
  const code = exitCode(context, argv, result)
  if (!codes.includes(code)) throw failure(context, argv, result)
  return result.output
}

/** Runs a tool that must end well. @throws PolicyError as askTool */
export async function mustRun(
  context: TypeContext,
  argv: readonly string[],
  options: ToolOptions = {},
): Promise<ExecResult> {
  const result = await runTool(context, argv, options)
  if (exitCode(context, argv, result) !== 0) throw failure(context, argv, result)
  return result
}

function failure(context: TypeContext, argv: readonly string[], result: ExecResult): PolicyError {
  const shown = argv.slice(0, 2).join(' ')
  return new PolicyError('E_EXIT', `${shown} ended with exit code ${result.code}${lastWords(context, result)}`)
}
