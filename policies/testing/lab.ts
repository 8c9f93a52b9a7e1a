import type { ExecOptions, ExecResult } from '../host.ts'
import type { ResolvedResource } from '../model.ts'
import { resource, Runs } from './converge.ts'
import { MemoryHost, type MemoryHostOptions } from './memory-host.ts'

/** A host in memory with /etc and /srv, what runs on it, and everything that a test wants to see of it. */
export class Lab {
  readonly host: MemoryHost
  readonly runs: Runs
  /** Every command that was run, its words with a blank between them. */
  readonly commands: string[] = []
  /** Set it to let time pass. */
  ms = 1_800_000_000_000

  constructor(options: Partial<MemoryHostOptions> & Pick<MemoryHostOptions, 'sha256'>) {
    const exec = async (argv: readonly string[], how: ExecOptions): Promise<Partial<ExecResult>> => {
      this.commands.push(argv.join(' '))
      return (await options.exec?.(argv, how)) ?? {}
    }
    this.host = new MemoryHost({ now: () => this.ms, users: { root: 0, alice: 1000 }, ...options, exec })
    for (const folder of ['/etc', '/srv']) this.host.mkdir(folder, { mode: 0o755, uid: 0, gid: 0 })
    this.runs = new Runs(this.host)
  }

  text(path: string): string | undefined {
    const bytes = this.host.tree.things.get(path)?.bytes
    return bytes === undefined ? undefined : new TextDecoder().decode(bytes)
  }

  /** Somebody writes a file by hand. */
  put(path: string, content: string, mode = 0o644): void {
    const bytes = new TextEncoder().encode(content)
    this.host.tree.put(path, { kind: 'file', mode, uid: 0, gid: 0, bytes, target: '' })
  }
}

type Common = Parameters<typeof resource>[3]

export function motd(content: string, policy = 'web/site', more: Common = {}): ResolvedResource {
  return resource(policy, 'file/motd', { path: '/etc/motd', content }, more)
}

/** `/srv/NAME` with its name in it. */
export function file(name: string, more: Common = {}): ResolvedResource {
  return resource('web/site', `file/${name}`, { path: `/srv/${name}`, content: `${name}\n` }, more)
}

/** `/bin/NAME`, run only when it is notified. */
export function told(name: string, more: Common = {}): ResolvedResource {
  return resource('web/site', `exec/${name}`, { argv: [`/bin/${name}`], notifyOnly: true }, more)
}
