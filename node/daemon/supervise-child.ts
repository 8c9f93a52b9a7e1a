import { spawn, type ChildProcess } from 'node:child_process'
import { homedir } from 'node:os'
import { PolicyError, type ProcessSpec, type ProcessStatus } from '../../policies/index.ts'
import { messageOf } from '../errors.ts'
import type { Account } from '../host/accounts.ts'
import { startAs } from '../host/run-as.ts'
import { livenessProblem } from './supervise-liveness.ts'
import type { ProcessLog } from './supervise-log.ts'
import { DAEMON_LIMITS } from './limits.ts'

export interface ChildOptions {
  readonly spec: ProcessSpec
  /** To run as; null: as the daemon. */
  readonly account: Account | null
  readonly log: ProcessLog
  /** It started or ended: what is written down of it must follow. */
  readonly onChange: () => void
}

const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

/** One program that is kept running: restarted after its end with a growing pause, and when it does not answer. */
export class SupervisedChild {
  readonly spec: ProcessSpec
  readonly #options: ChildOptions
  #child: ChildProcess | undefined
  #timer: NodeJS.Timeout | undefined
  #liveness: NodeJS.Timeout | undefined
  #stopping = false
  #sinceMs = 0
  #restarts = 0
  /** Restarts in a row, for the pause before the next one. */
  #inARow = 0
  #lastEnd = ''
  #endedWell = false
  #killedFor = ''

  constructor(options: ChildOptions) {
    this.spec = options.spec
    this.#options = options
  }

  get status(): ProcessStatus {
    const state = this.#child !== undefined ? 'running' : this.#timer !== undefined ? 'waiting' : 'ended'
    return {
      mark: this.spec.mark,
      state,
      pid: this.#child?.pid ?? null,
      sinceMs: this.#sinceMs,
      restarts: this.#restarts,
      lastEnd: this.#lastEnd,
      endedWell: this.#endedWell,
    }
  }

  /** @throws PolicyError E_EXEC if it cannot be started at all */
  async start(): Promise<void> {
    const { spec, account, log } = this.#options
    const { program, args, identity } = startAs(spec.argv, account)
    const user = spec.user ?? 'root'
    const home = account?.home ?? homedir()
    const child = spawn(program, args, {
      cwd: spec.cwd,
      env: { PATH, HOME: home, USER: user, LOGNAME: user, LANG: 'C.UTF-8', ...spec.env },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
      ...identity,
    })
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (bytes: Buffer) => log.write(bytes))
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve)
      child.once('error', (error) =>
        reject(new PolicyError('E_EXEC', `${spec.argv[0]} cannot be started: ${messageOf(error)}`)),
      )
    })
    this.#child = child
    this.#sinceMs = Date.now()
    child.on('error', () => undefined)
    child.once('exit', (code, signal) => this.#ended(child, code, signal))
    if (spec.liveness !== null) this.#askLater(child, spec.liveness.delayMs, 0)
    this.#options.onChange()
  }

  /** Ends it, and nothing starts it again. */
  async stop(): Promise<void> {
    this.#stopping = true
    clearTimeout(this.#timer)
    this.#timer = undefined
    await this.#end()
  }

  async restart(): Promise<void> {
    await this.stop()
    this.#stopping = false
    this.#inARow = 0
    await this.start()
  }

  async #end(): Promise<void> {
    const child = this.#child
    if (child === undefined) return
    const gone = new Promise<void>((resolve) => {
      child.once('exit', () => resolve())
    })
    signalGroup(child, this.spec.stopSignal)
    const killer = setTimeout(() => signalGroup(child, 'SIGKILL'), this.spec.graceMs)
    await gone
    clearTimeout(killer)
  }

  #ended(child: ChildProcess, code: number | null, signal: NodeJS.Signals | null): void {
    clearTimeout(this.#liveness)
    // What it started and left behind must not run beside the next one.
    signalGroup(child, 'SIGKILL')
    this.#child = undefined
    const how = this.#killedFor !== '' ? this.#killedFor : code === null ? `ended by ${signal}` : `exit code ${code}`
    const said = this.#options.log.tail(DAEMON_LIMITS.processWords)
    this.#lastEnd = said === '' ? how : `${how}: ${said}`
    this.#endedWell = this.#killedFor === '' && code === 0
    this.#killedFor = ''
    const { restart, backoffMs, backoffMaxMs } = this.spec
    if (!this.#stopping && (restart === 'always' || (restart === 'onFailure' && !this.#endedWell))) {
      if (Date.now() - this.#sinceMs >= DAEMON_LIMITS.processWellMs) this.#inARow = 0
      const pauseMs = Math.min(backoffMaxMs, backoffMs * 2 ** Math.min(this.#inARow, 20))
      this.#inARow++
      this.#timer = setTimeout(() => void this.#again(), pauseMs)
    }
    this.#options.onChange()
  }

  async #again(): Promise<void> {
    this.#timer = undefined
    this.#restarts++
    try {
      await this.start()
    } catch (error) {
      this.#lastEnd = messageOf(error)
      this.#endedWell = false
      this.#timer = setTimeout(() => void this.#again(), this.spec.backoffMaxMs)
      this.#options.onChange()
    }
  }

  #askLater(child: ChildProcess, ms: number, failures: number): void {
    this.#liveness = setTimeout(() => void this.#ask(child, failures), ms)
    this.#liveness.unref()
  }

  async #ask(child: ChildProcess, failures: number): Promise<void> {
    const { liveness } = this.spec
    if (liveness === null || this.#child !== child) return
    const problem = await livenessProblem(liveness)
    // It may have ended, or been stopped, while it was asked.
    if (this.#child !== child || this.#stopping) return
    const inARow = problem === null ? 0 : failures + 1
    if (problem !== null && inARow >= liveness.failures) {
      this.#killedFor = `restarted, for ${inARow} times ${problem}`
      await this.#end()
      return
    }
    this.#askLater(child, liveness.intervalMs, inARow)
  }
}

function signalGroup(child: ChildProcess, signal: string): void {
  if (child.pid === undefined) return
  try {
    process.kill(-child.pid, signal)
  } catch {
    // The group is gone already.
  }
}
