import { PolicyError } from '../errors.ts'
import type { ExecOptions, ExecResult } from '../host.ts'
import { LIMITS } from '../limits.ts'
import type { TypeContext } from './type.ts'

type Where = Pick<ExecOptions, 'cwd' | 'env' | 'user'>

/** Runs a command of a policy within what is left of the run. @param timeoutMs its own limit */
export function runCommand(
  context: TypeContext,
  argv: readonly string[],
  where: Where,
  timeoutMs: number,
): Promise<ExecResult> {
  return context.host.exec(argv, {
    ...where,
    timeoutMs: Math.max(1, Math.min(timeoutMs, context.timeLeft())),
    maxOutputBytes: LIMITS.execOutputBytes,
    ...(context.signal === undefined ? {} : { signal: context.signal }),
  })
}

/**
 * The exit code of a command that came to its own end.
 *
 * @throws PolicyError E_EXEC, E_TIMEOUT, E_CANCELLED, E_EXIT (ended by a signal)
 */
export function exitCode(context: TypeContext, argv: readonly string[], result: ExecResult): number {
  const name = argv[0] ?? ''
  switch (result.end) {
    case 'exit':
      return result.code ?? 0
    case 'failed':
      throw new PolicyError('E_EXEC', `${name} cannot be started: ${result.why}`)
    case 'timeout':
      throw new PolicyError('E_TIMEOUT', `${name} did not end in time and was killed${lastWords(context, result)}`)
    case 'cancelled':
      throw new PolicyError('E_CANCELLED', `${name} was killed because the run was cancelled`)
    default:
      throw new PolicyError('E_EXIT', `${name} was ended by ${result.why}${lastWords(context, result)}`)
  }
}

/** `: ` and the end of what a command said, for a reason; empty if it said nothing or if that is secret. */
export function lastWords(context: TypeContext, result: ExecResult): string {
  if (context.sensitive) return ''
  const text = result.output.trimEnd()
  if (text === '') return ''
  const cut = text.length > LIMITS.execShownChars
  return `: ${cut ? '... ' : ''}${visible(text.slice(-LIMITS.execShownChars))}`
}

/** Without escape sequences and other control characters; line ends and tabs stay. */
function visible(text: string): string {
  return text.replaceAll(/[^\P{Cc}\n\t]/gu, '')
}
