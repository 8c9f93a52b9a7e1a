import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { createWriteStream, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ControlClient } from '../../node/control/index.ts'
import type { Status } from '../../node/control/index.ts'
import type { Config } from '../../node/index.ts'

const MAIN = join(import.meta.dirname, '../../dist/bin/chorus.js')
/** A start loads libp2p and opens the store; many at once share two cores. */
const START_MS = 60_000

/** One node in a process of its own: `chorus up` with its state folder. */
export class TestNode {
  readonly name: string
  readonly dir: string
  readonly key: string
  readonly id: string
  readonly port: number | null
  readonly client: ControlClient
  #child: ChildProcess | undefined

  constructor(made: { name: string; dir: string; key: string; id: string; port: number | null }) {
    this.name = made.name
    this.dir = made.dir
    this.key = made.key
    this.id = made.id
    this.port = made.port
    this.client = new ControlClient({ stateDir: made.dir })
  }

  get identity(): { name: string; dir: string; key: string; id: string; port: number | null } {
    const { name, dir, key, id, port } = this
    return { name, dir, key, id, port }
  }

  get pid(): number {
    const pid = this.#child?.pid
    if (pid === undefined) throw new Error(`${this.name} does not run`)
    return pid
  }

  get running(): boolean {
    return this.#child !== undefined
  }

  /** The multiaddr at which others reach it. */
  get address(): string {
    if (this.port === null) throw new Error(`${this.name} listens nowhere`)
    return `/ip4/127.0.0.1/tcp/${this.port}/p2p/${this.id}`
  }

  configure(config: Partial<Config>): void {
    // JSON is YAML.
    writeFileSync(join(this.dir, 'chorus.yaml'), JSON.stringify(config))
  }

  /** Resolves when the daemon is up: its control socket answers and it listens. */
  async start(args: readonly string[] = [], env: NodeJS.ProcessEnv = {}): Promise<this> {
    if (this.#child) throw new Error(`${this.name} runs already`)
    const child = spawn(process.execPath, [MAIN, 'up', '--user', '--json', '--state', this.dir, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, NO_COLOR: '1', ...env },
    })
    this.#child = child
    const log = createWriteStream(this.logFile, { flags: 'a' })
    child.stderr?.pipe(log)
    child.once('exit', () => {
      if (this.#child === child) this.#child = undefined
    })
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`${this.name} is not up after ${START_MS} ms:\n${this.tail()}`)),
        START_MS,
      )
      const settle = (end: () => void) => (): void => {
        clearTimeout(timer)
        end()
      }
      let said = ''
      child.stdout?.on('data', (data: Buffer) => {
        said += data.toString()
        if (said.includes('"pid"')) settle(resolve)()
      })
      child.once('exit', (code, signal) =>
        settle(() => reject(new Error(`${this.name} ended with ${code ?? signal}: ${said}\n${this.tail()}`)))(),
      )
    })
    return this
  }

  /** In good order. */
  async stop(): Promise<void> {
    await this.#end('SIGTERM')
  }

  /** kill -9. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL')
  }

  get logFile(): string {
    return join(this.dir, 'daemon.log')
  }

  /** The end of its log. */
  tail(lines = 30): string {
    try {
      return readFileSync(this.logFile, 'utf8').trimEnd().split('\n').slice(-lines).join('\n')
    } catch {
      return '(no log)'
    }
  }

  async status(): Promise<Status> {
    return await this.client.status()
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child
    if (!child) return
    const gone = new Promise((resolve) => child.once('exit', resolve))
    child.kill(signal)
    const timer = setTimeout(() => child.kill('SIGKILL'), 20_000)
    await gone
    clearTimeout(timer)
  }
}
