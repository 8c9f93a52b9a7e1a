import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { PolicyError, type ProcessSpec, type ProcessStatus, type Supervisor } from '../../policies/index.ts'
import { AccountTable } from '../host/accounts.ts'
import { DAEMON_LIMITS } from './limits.ts'
import { SupervisedChild } from './supervise-child.ts'
import { ProcessLog } from './supervise-log.ts'

/**
 * Keeps programs running as long as this daemon does. They end with it. Those that a daemon left behind which was killed
 * are ended at the next start, known by their id and start time, so that nothing runs twice.
 */
export class ProcessSupervisor implements Supervisor {
  readonly #dir: string
  readonly #users = new AccountTable('passwd')
  readonly #children = new Map<string, { readonly child: SupervisedChild; readonly log: ProcessLog }>()

  /** @param dir in the state folder: logs, and what runs */
  constructor(dir: string) {
    this.#dir = dir
    for (const { pid, startTime } of this.#written()) endLeftover(pid, startTime)
  }

  status(name: string): ProcessStatus | null {
    return this.#children.get(name)?.child.status ?? null
  }

  async start(spec: ProcessSpec): Promise<void> {
    await this.stop(spec.name)
    if (this.#children.size >= DAEMON_LIMITS.processes)
      throw new PolicyError('E_TOO_LARGE', `one daemon supervises at most ${DAEMON_LIMITS.processes} processes`)
    const account = spec.user === undefined ? null : this.#users.account(spec.user)
    if (spec.user !== undefined && account === null)
      throw new PolicyError('E_ACCOUNT', `there is no user '${spec.user}' on this host`)
    const log = new ProcessLog(join(this.#dir, `${spec.name}.log`))
    const child = new SupervisedChild({ spec, account, log, onChange: () => this.#write() })
    try {
      await child.start()
    } catch (error) {
      log.close()
      throw error
    }
    this.#children.set(spec.name, { child, log })
    this.#write()
  }

  async restart(name: string): Promise<void> {
    await this.#children.get(name)?.child.restart()
  }

  async stop(name: string): Promise<void> {
    const known = this.#children.get(name)
    if (known === undefined) return
    await known.child.stop()
    this.#children.delete(name)
    known.log.close()
    this.#write()
  }

  /** All of them, at once. */
  async stopAll(): Promise<void> {
    await Promise.all([...this.#children.keys()].map((name) => this.stop(name)))
  }

  get #list(): string {
    return join(this.#dir, 'running.json')
  }

  #write(): void {
    const running = [...this.#children.values()].flatMap(({ child }) => {
      const { pid } = child.status
      return pid === null ? [] : [{ pid, startTime: startTimeOf(pid) }]
    })
    mkdirSync(this.#dir, { recursive: true, mode: 0o700 })
    writeFileSync(`${this.#list}.new`, JSON.stringify(running), { mode: 0o600 })
    renameSync(`${this.#list}.new`, this.#list)
  }

  #written(): readonly { readonly pid: number; readonly startTime: string }[] {
    let value: unknown
    try {
      value = JSON.parse(readFileSync(this.#list, 'utf8'))
    } catch {
      return []
    }
    return Array.isArray(value) ? value.filter(isLeftover) : []
  }
}

function isLeftover(value: unknown): value is { readonly pid: number; readonly startTime: string } {
  if (typeof value !== 'object' || value === null || !('pid' in value) || !('startTime' in value)) return false
  return Number.isInteger(value.pid) && Number(value.pid) > 1 && typeof value.startTime === 'string'
}

/** Ticks from the start of the system to that of the process: with its id they name it for good. Empty if it is gone. */
function startTimeOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The name in brackets may hold anything; what is counted comes after the last one.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? ''
  } catch {
    return ''
  }
}

function endLeftover(pid: number, startTime: string): void {
  if (startTime === '' || startTimeOf(pid) !== startTime) return
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // It ended just now.
  }
}
