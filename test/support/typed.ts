import { spawn, spawnSync } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

/** CHORUS_DIST: another build than the one in this folder, compiled and not bundled. */
export const MAIN =
  process.env['CHORUS_DIST'] === undefined
    ? resolve('dist/bin/chorus.js')
    : resolve(process.env['CHORUS_DIST'], 'cli-tui/main.js')

export interface Ran {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

/** Commands typed as a user would: each a process of its own, nodes by the name of their state folder in one temporary folder. */
export class Typed {
  readonly dir = mkdtempSync(join(tmpdir(), 'chorus-cli-'))
  readonly daemons: ChildProcess[] = []
  readonly #byNode = new Map<string, ChildProcess>()
  readonly #env = { ...process.env, NO_COLOR: '1', XDG_CONFIG_HOME: join(this.dir, 'operator'), CHORUS_STATE: '' }

  chorus(node: string, ...argv: string[]): Ran {
    const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...argv, '--state', join(this.dir, node)], {
      encoding: 'utf8',
      env: this.#env,
      cwd: this.dir,
      timeout: 60_000,
    })
    return { code: status, out: stdout, err: stderr }
  }

  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- names the shape once, at the call
  json<T>(node: string, ...argv: string[]): T {
    const ran = this.chorus(node, ...argv, '--json')
    if (ran.code !== 0) throw new Error(`chorus ${argv.join(' ')} on ${node} ended with ${ran.code}: ${ran.err}`)
    // The command's own output type, which is what --json promises.
    return JSON.parse(ran.out) as T
  }

  /** A state folder that looks for nobody on the network around it. */
  quiet(node: string): void {
    mkdirSync(join(this.dir, node), { mode: 0o700 })
    writeFileSync(join(this.dir, node, 'chorus.yaml'), 'mdns: false\n')
  }

  /** Resolves when the daemon says that it is up. */
  async up(node: string): Promise<void> {
    const args = ['up', '--user', '--json', '--listen', '127.0.0.1:0', '--state', join(this.dir, node)]
    const child = spawn(process.execPath, [MAIN, ...args], { env: this.#env, stdio: ['ignore', 'pipe', 'ignore'] })
    this.daemons.push(child)
    this.#byNode.set(node, child)
    await new Promise<void>((done, failed) => {
      child.once('exit', (code) => failed(new Error(`${node} ended with ${code}`)))
      createInterface({ input: child.stdout }).once('line', () => done())
    })
  }

  /** As a power cut would: no goodbye. */
  async kill(node: string): Promise<void> {
    const child = this.#byNode.get(node)
    if (child === undefined) throw new Error(`${node} was not started`)
    const gone = new Promise<void>((done) => child.once('exit', () => done()))
    child.kill('SIGKILL')
    await gone
  }

  /** Exit codes of the daemons, ended with SIGTERM. */
  async end(): Promise<(number | null)[]> {
    return await Promise.all(this.daemons.map(ended))
  }

  async close(): Promise<void> {
    await this.end()
    rmSync(this.dir, { recursive: true, force: true })
  }
}

async function ended(child: ChildProcess): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode
  const gone = new Promise<number | null>((done) => child.once('exit', done))
  child.kill('SIGTERM')
  return await gone
}

/** Asks again and again: what is asked is a command, which takes a while itself. */
export async function eventually(what: string, check: () => boolean): Promise<void> {
  const over = Date.now() + 30_000
  while (!check()) {
    if (Date.now() > over) throw new Error(`not within 30 s: ${what}`)
    await new Promise((done) => setTimeout(done, 200))
  }
}
