import { LIMITS } from '../../policies/index.ts'
import type { HealthCheck, HostPort } from '../../policies/index.ts'
import { probeHttp, probeTcp } from '../host/probe.ts'

/**
 * Waits until every check holds, each for its own time.
 *
 * @returns a sentence about the first that does not, or null
 */
export async function problemOf(
  checks: readonly HealthCheck[],
  host: HostPort,
  signal: AbortSignal,
): Promise<string | null> {
  const problems = await Promise.all(checks.map((check) => waited(check, host, signal)))
  return problems.find((problem) => problem !== null) ?? null
}

async function waited(check: HealthCheck, host: HostPort, signal: AbortSignal): Promise<string | null> {
  const { withinMs } = check
  // Not by the clock of the host, which may jump.
  const started = performance.now()
  for (;;) {
    const left = withinMs - (performance.now() - started)
    const problem = await asked(check, Math.min(LIMITS.healthTryMs, Math.max(left, LIMITS.healthPauseMs)), host, signal)
    if (problem === null) return null
    if (signal.aborted || performance.now() - started + LIMITS.healthPauseMs >= withinMs) {
      return `${problem} (within ${withinMs / 1000} s)`
    }
    await host.sleep(LIMITS.healthPauseMs, signal)
  }
}

async function asked(
  check: HealthCheck,
  timeoutMs: number,
  host: HostPort,
  signal: AbortSignal,
): Promise<string | null> {
  if ('http' in check) return await probeHttp(check.http, check.status, timeoutMs, signal)
  if ('tcp' in check) return await probeTcp(check.tcp, timeoutMs, signal)
  return await commandProblem(check.exec, host, timeoutMs, signal)
}

/** Why a command that belongs to a policy, and to none of its resources, did not go well; null if it did. */
export async function commandProblem(
  argv: readonly string[],
  host: HostPort,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<string | null> {
  const { end, code, why, output } = await host.exec(argv, {
    timeoutMs,
    maxOutputBytes: LIMITS.execOutputBytes,
    signal,
  })
  if (end === 'exit' && code === 0) return null
  const how = end === 'exit' ? `ended with exit code ${code}` : `did not come to its own end (${why || end})`
  const words = output.trimEnd().slice(-LIMITS.execShownChars)
  return `${argv[0]} ${how}${words === '' ? '' : `: ${words.replaceAll(/[^\P{Cc}\n\t]/gu, '')}`}`
}
