import { cpSync, mkdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { Terminal } from './terminal.ts'
import type { TerminalOptions } from './terminal.ts'
import { eventually, MAIN, Typed } from './typed.ts'

/** Five machines of two roles in two regions. */
const MACHINES = [
  ['ada', 'web', 'eu'],
  ['bob', 'web', 'eu'],
  ['cyd', 'db', 'us'],
  ['dee', 'db', 'eu'],
  ['eve', 'web', 'us'],
] as const

/** A real mesh of five daemons, and terminals to look at it from: for the tests of `chorus top`, and for its picture. */
export class Harbour {
  readonly typed = new Typed()
  readonly #terminals: Terminal[] = []

  static async open(): Promise<Harbour> {
    const harbour = new Harbour()
    const { typed } = harbour
    for (const [name] of MACHINES) typed.quiet(name)
    for (const part of ['hosts', 'policies']) mkdirSync(join(typed.dir, part))
    cpSync(resolve('policies/examples/hello'), join(typed.dir, 'policies', 'hello'), { recursive: true })
    try {
      typed.json('ada', 'init', 'harbour', '--name', 'ada', '--label', 'role=web', '--label', 'region=eu')
      await typed.up('ada')
      for (const [name, role, region] of MACHINES.slice(1)) {
        const labels = ['--label', `role=${role}`, '--label', `region=${region}`]
        const { token } = typed.json<{ token: string }>('ada', 'invite', '--name', name, ...labels)
        typed.json(name, 'join', token)
        await typed.up(name)
      }
      await eventually('all are heard', () => harbour.#heard() === MACHINES.length)
    } catch (error) {
      await harbour.close()
      throw error
    }
    return harbour
  }

  /** Publishes the example from ada, each node's files below a folder of the test. */
  publish(greeting: string): void {
    const { typed } = this
    const sets = ['--set', `root=${join(typed.dir, 'hosts')}`, '--set', `greeting=${greeting}`]
    typed.json('ada', 'publish', join(typed.dir, 'policies', 'hello'), ...sets, '--message', `greet with ${greeting}`)
  }

  /** A shell in which `chorus` is the built command, on one machine. */
  terminal(size: Pick<TerminalOptions, 'columns' | 'rows'>, env: Readonly<Record<string, string>> = {}): Terminal {
    const { dir } = this.typed
    const command = `${process.execPath} ${MAIN}`
    const terminal = new Terminal({
      ...size,
      env: { LANG: 'C.UTF-8', LC_ALL: '', XDG_CONFIG_HOME: join(dir, 'operator'), CHORUS: command, ...env },
    })
    this.#terminals.push(terminal)
    terminal.run(`unset NO_COLOR CI; cd ${dir}; chorus() { $CHORUS "$@"; }; clear`)
    return terminal
  }

  async close(): Promise<void> {
    for (const terminal of this.#terminals) terminal.close()
    await this.typed.close()
  }

  #heard(): number {
    const { nodes } = this.typed.json<{ nodes: { self: boolean; ageMs: number | null }[] }>('ada', 'nodes')
    return nodes.filter(({ self, ageMs }) => self || ageMs !== null).length
  }
}
