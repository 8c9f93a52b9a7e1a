import { spawn, type ChildProcess } from 'node:child_process'
import type { ExecOptions, ExecResult } from '../../policies/index.ts'
import { HOST_LIMITS } from '../limits.ts'
import type { Account } from './accounts.ts'
import { systemCode } from './errors.ts'
import { startAs, startProblem } from './run-as.ts'

const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

/**
 * Runs a command without a shell, in a process group of its own with a small environment. At the timeout, or when it is
 * cancelled, the whole group is told to end, and killed a little later.
 *
 * @param account to run as, or null for this process's own user
 */
export function execute(
  argv: readonly string[],
  options: ExecOptions,
  account: Account | null,
  self: Account,
): Promise<ExecResult> {
  const { program, args, identity } = startAs(argv, account)
  const { home } = account ?? self
  return new Promise((resolve) => {
    const output = new Tail(options.maxOutputBytes)
    const result = (end: ExecResult['end'], code: number | null, why: string): void =>
      resolve({ end, code, why, output: output.text(), truncated: output.truncated })
    if (options.signal?.aborted === true) return result('cancelled', null, 'cancelled')
    let child: ChildProcess
    try {
      child = spawn(program, args, {
        cwd: options.cwd ?? '/',
        env: {
          PATH,
          HOME: home,
          USER: options.user ?? 'root',
          LOGNAME: options.user ?? 'root',
          LANG: 'C.UTF-8',
          ...options.env,
        },
        stdio: ['pipe', 'pipe', 'pipe'],
        detached: true,
        ...identity,
      })
    } catch (error) {
      return result('failed', null, startFailure(error, options))
    }
    let ended: 'timeout' | 'cancelled' | undefined
    const stop = (why: 'timeout' | 'cancelled'): void => {
      if (ended !== undefined) return
      ended = why
      signalGroup(child, 'SIGTERM')
      killer = setTimeout(() => signalGroup(child, 'SIGKILL'), HOST_LIMITS.killGraceMs)
    }
    let killer: NodeJS.Timeout | undefined
    const timer = setTimeout(() => stop('timeout'), options.timeoutMs)
    const cancel = (): void => stop('cancelled')
    options.signal?.addEventListener('abort', cancel, { once: true })
    const cleanUp = (): void => {
      clearTimeout(timer)
      options.signal?.removeEventListener('abort', cancel)
    }
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (bytes: Buffer) => output.add(bytes))
    child.stdin?.on('error', () => undefined)
    child.stdin?.end(options.stdin)
    child.on('error', (error) => {
      cleanUp()
      clearTimeout(killer)
      result('failed', null, startFailure(error, options))
    })
    child.on('exit', (code, signal) => {
      cleanUp()
      // What is left of the group after a timeout must not live on; the grace was the leader's.
      if (ended !== undefined) signalGroup(child, 'SIGKILL')
      clearTimeout(killer)
      const finish = (): void => {
        clearTimeout(drain)
        clearTimeout(last)
        child.stdout?.destroy()
        child.stderr?.destroy()
        if (ended !== undefined) result(ended, null, ended)
        else if (code === null) result('signal', null, signal ?? 'a signal')
        else {
          const problem = program === argv[0] ? null : startProblem(code, output.text())
          if (problem === null) result('exit', code, '')
          else result('failed', null, startFailure({ code: problem }, options))
        }
      }
      // A child that went to the background may hold the pipes open for ever; what is still coming is waited for.
      const drain = setTimeout(finish, HOST_LIMITS.drainMs)
      const last = setTimeout(finish, HOST_LIMITS.drainMaxMs)
      for (const stream of [child.stdout, child.stderr]) stream?.on('data', () => drain.refresh())
      child.once('close', finish)
    })
  })
}

function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return
  try {
    process.kill(-child.pid, signal)
  } catch {
    // The group is gone already.
  }
}

function startFailure(error: unknown, options: ExecOptions): string {
  const code = systemCode(error)
  if (code === 'ENOENT') return `there is no such program, or the folder ${options.cwd ?? '/'} is missing (ENOENT)`
  if (code === 'EACCES') return 'it is not executable for this user (EACCES)'
  if (code === 'E2BIG') return 'its arguments are too long (E2BIG)'
  return error instanceof Error ? error.message : String(error)
}

/** Keeps the last bytes of what is added. */
class Tail {
  readonly #max: number
  #parts: Buffer[] = []
  #bytes = 0
  truncated = false

  constructor(max: number) {
    this.#max = max
  }

  add(bytes: Buffer): void {
    this.#parts.push(bytes)
    this.#bytes += bytes.length
    if (this.#bytes > 2 * this.#max) this.#parts = [this.#last()]
  }

  text(): string {
    return this.#last().toString('utf8')
  }

  #last(): Buffer {
    const all = Buffer.concat(this.#parts)
    if (all.length > this.#max) this.truncated = true
    const last = Buffer.from(all.subarray(Math.max(0, all.length - this.#max)))
    this.#bytes = last.length
    return last
  }
}
