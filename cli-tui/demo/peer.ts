import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { installed } from '../../node/control/index.ts'
import { CliError } from '../errors.ts'

/** This very command, as a file that Node runs: compiled or not. */
export const MAIN = join(installed().folder, import.meta.url.endsWith('.ts') ? 'cli-tui/main.ts' : 'dist/bin/chorus.js')
/** Loading libp2p and opening the store takes about a second on a slow machine. */
const UP_MS = 20_000
/** After this an orderly end is not coming. */
const STOP_MS = 5000

/** One real node: a `chorus up` process with its own key, state folder and port. */
export class Peer {
  readonly name: string
  readonly stateDir: string
  readonly #log: string
  readonly #env: NodeJS.ProcessEnv
  #process: ChildProcess | undefined

  constructor(name: string, stateDir: string, log: string, env: NodeJS.ProcessEnv) {
    this.name = name
    this.stateDir = stateDir
    this.#log = log
    this.#env = env
  }

  get running(): boolean {
    return this.#process !== undefined
  }

  get pid(): number | undefined {
    return this.#process?.pid
  }

  /** Resolves when the daemon says that it is up. @throws CliError E_DEMO with the end of its log */
  async start(): Promise<void> {
    const log = openSync(this.#log, 'a')
    const child = spawn(
      process.execPath,
      [MAIN, 'up', '--user', '--json', '--state', this.stateDir, '--listen', '127.0.0.1:0'],
      {
        stdio: ['ignore', 'pipe', log],
        env: this.#env,
        // A group of its own: Ctrl-C reaches this command, which then ends its peers in good order.
        detached: true,
      },
    )
    closeSync(log)
    this.#process = child
    child.once('exit', () => {
      if (this.#process === child) this.#process = undefined
    })
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => reject(this.#failed('did not come up in time')), UP_MS)
      child.once('error', (error) => reject(this.#failed(error.message)))
      child.once('exit', (code) => reject(this.#failed(`ended at once with exit code ${code ?? 'none'}`)))
      if (child.stdout === null) throw this.#failed('has no output')
      createInterface({ input: child.stdout }).once('line', () => {
        clearTimeout(timer)
        resolve()
      })
      child.once('exit', () => clearTimeout(timer))
    })
  }

  /** As a power cut would: no goodbye, nothing flushed. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL')
  }

  async stop(): Promise<void> {
    await this.#end('SIGTERM')
  }

  /** For an exit that cannot wait. */
  killNow(): void {
    this.#process?.kill('SIGKILL')
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#process
    if (child === undefined) return
    const gone = new Promise<void>((resolve) => void child.once('exit', () => resolve()))
    child.kill(signal)
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS)
    await gone
    clearTimeout(timer)
  }

  #failed(why: string): CliError {
    const tail = readFileSync(this.#log, 'utf8').trimEnd().split('\n').slice(-6).join('\n')
    return new CliError(
      'E_DEMO',
      `the peer ${this.name} ${why}`,
      tail === '' ? undefined : `The end of its log:\n${tail}`,
    )
  }
}
