import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { NodeRow } from '../../node/control/index.ts'
import { ControlClient } from '../../node/control/index.ts'
import { CliError } from '../errors.ts'
import type { Io } from '../io.ts'
import { sleep } from '../mesh/wait.ts'
import { main } from '../run.ts'
import { Peer } from './peer.ts'

/** A folder below the system's temporary one with everything that the demo makes, and the peers that work in it. */
export class Stage {
  readonly dir: string
  /** Where the root key is: outside the peers' folders, as an operator's would be. */
  readonly operator: string
  readonly peers: readonly Peer[]
  readonly #io: Io
  readonly #env: Readonly<Record<string, string | undefined>>

  constructor(io: Io, names: readonly string[]) {
    this.#io = io
    this.dir = mkdtempSync(join(tmpdir(), 'chorus-demo-'))
    this.operator = join(this.dir, 'operator')
    for (const path of [join(this.dir, 'hosts'), join(this.dir, 'logs'), this.operator]) mkdirSync(path)
    this.#env = { ...io.env, XDG_CONFIG_HOME: this.operator, NO_COLOR: '1', FORCE_COLOR: undefined }
    this.peers = names.map((name) => {
      const stateDir = join(this.dir, name)
      mkdirSync(stateDir, { mode: 0o700 })
      // Five nodes on one machine find each other by their invites; a real network around it is none of their business.
      writeFileSync(join(stateDir, 'chorus.yaml'), 'mdns: false\n', { mode: 0o600 })
      return new Peer(name, stateDir, join(this.dir, 'logs', `${name}.log`), { ...process.env, NO_COLOR: '1' })
    })
  }

  peer(name: string): Peer {
    const found = this.peers.find((peer) => peer.name === name)
    if (found === undefined) throw new CliError('E_DEMO', `there is no peer ${name}`)
    return found
  }

  /** Where the policy of the demo puts a node's files: each node of this machine gets a host of its own. */
  hostFile(node: string, file: string): string {
    return join(this.dir, 'hosts', node, file)
  }

  /** Runs a chorus command as its user would, and gives its JSON. @throws CliError E_DEMO with what it said */
  async chorus(node: string, ...argv: readonly string[]): Promise<Readonly<Record<string, unknown>>> {
    let out = ''
    let err = ''
    const quiet = { isTTY: false, columns: 80 }
    const io: Io = {
      ...this.#io,
      stdout: { ...quiet, write: (text) => void (out += text) },
      stderr: { ...quiet, write: (text) => void (err += text) },
      env: this.#env,
    }
    const code = await main([...argv, '--json', '--state', this.peer(node).stateDir], io)
    if (code !== 0) throw new CliError('E_DEMO', `chorus ${argv[0] ?? ''} on ${node} failed`, err.trim())
    const parsed: unknown = JSON.parse(out.split('\n{"v"', 1)[0] ?? out)
    return typeof parsed === 'object' && parsed !== null ? { ...parsed } : {}
  }

  /** Looks through the eyes of one node until `done`. @throws CliError E_DEMO when it takes too long */
  async until(
    node: string,
    what: string,
    done: (nodes: readonly NodeRow[]) => boolean,
    timeoutMs = 30_000,
    tell: (nodes: readonly NodeRow[]) => void = () => undefined,
  ): Promise<readonly NodeRow[]> {
    const client = new ControlClient({ stateDir: this.peer(node).stateDir, signal: this.#io.signal })
    const end = this.#io.now() + timeoutMs
    for (;;) {
      const { nodes } = await client.nodes()
      tell(nodes)
      if (done(nodes)) return nodes
      if (this.#io.now() > end) {
        const seen = nodes.map((row) => `${row.name} ${row.state} ${JSON.stringify(row.policies)}`).join('\n')
        throw new CliError('E_DEMO', `${what} did not happen within ${timeoutMs / 1000} s`, seen)
      }
      await sleep(50, this.#io.signal)
    }
  }

  /** Ends every peer, then removes the folder. */
  async close(keep: boolean): Promise<void> {
    await Promise.all(this.peers.map((peer) => peer.stop()))
    if (!keep) rmSync(this.dir, { recursive: true, force: true })
  }

  /** The last resort, when this process ends without `close`. */
  abandon(): void {
    for (const peer of this.peers) peer.killNow()
  }
}
