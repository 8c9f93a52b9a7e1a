import { HostError, type ExecRequest, type HostPort } from '../host.ts'
import { RESOURCE_LIMITS } from './limits.ts'

export interface CommandResult {
  readonly status: number | null
  /** What it said, or why it did not run, in one bounded line. */
  readonly said: string
}

/** Runs a command and puts what became of it into a line for people. @throws HostError E_EXEC, E_TIMEOUT if it did not end by itself */
export async function runCommand(
  host: HostPort,
  request: Omit<ExecRequest, 'timeoutMs'> & { readonly timeoutMs?: number },
): Promise<CommandResult> {
  const timeoutMs = request.timeoutMs ?? RESOURCE_LIMITS.guardTimeoutMs
  const name = request.argv[0] ?? ''
  const result = await host.exec({ ...request, timeoutMs })
  if (result.failed !== null)
    throw new HostError(
      'E_EXEC',
      `${name} could not be started: ${result.failed}; check that it is installed and executable`,
    )
  if (result.timedOut)
    throw new HostError(
      'E_TIMEOUT',
      `${name} ran longer than ${timeoutMs / 1000} s and was ended${tail(result.output)}`,
    )
  if (result.status === null)
    throw new HostError('E_EXEC', `${name} was ended by ${result.signal ?? 'a signal'}${tail(result.output)}`)
  return { status: result.status, said: oneLine(result.output) || `exit status ${result.status}` }
}

function tail(output: string): string {
  const said = oneLine(output)
  return said === '' ? '' : `; it said: ${said}`
}

export function oneLine(output: string): string {
  const flat = output
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/\p{Cc}/gu, '?')
    .trim()
  return flat.length > RESOURCE_LIMITS.outputShown ? `${flat.slice(0, RESOURCE_LIMITS.outputShown)}...` : flat
}
