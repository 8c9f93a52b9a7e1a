import { execFileSync } from 'node:child_process'

/**
 * A closed network for one test run: a namespace that holds a bridge, and a namespace for each host with one leg on it.
 * None has a route anywhere else. Names carry the process id, so that two runs do not meet.
 */
export class Fabric {
  readonly #name = `chf${process.pid}`
  readonly #hosts = new Set<string>()

  constructor() {
    run('ip', 'netns', 'add', this.#name)
    this.#inside('ip', 'link', 'add', 'br0', 'type', 'bridge')
    this.#inside('ip', 'link', 'set', 'br0', 'up')
  }

  /** Adds a host's namespace; `index` (1 to 250) gives its address. */
  plug(index: number): { netns: string; address: string } {
    const netns = `${this.#name}h${index}`
    const address = `10.77.0.${index}`
    run('ip', 'netns', 'add', netns)
    this.#hosts.add(netns)
    run('ip', 'link', 'add', 'e0', 'netns', netns, 'type', 'veth', 'peer', 'name', port(index), 'netns', this.#name)
    this.#inside('ip', 'link', 'set', port(index), 'master', 'br0', 'up')
    run('ip', 'netns', 'exec', netns, 'ip', 'addr', 'add', `${address}/24`, 'dev', 'e0')
    run('ip', 'netns', 'exec', netns, 'ip', 'link', 'set', 'e0', 'up')
    run('ip', 'netns', 'exec', netns, 'ip', 'link', 'set', 'lo', 'up')
    return { netns, address }
  }

  cutCable(index: number): void {
    this.#inside('ip', 'link', 'set', port(index), 'down')
  }

  mendCable(index: number): void {
    this.#inside('ip', 'link', 'set', port(index), 'up')
  }

  /** Deletes the namespaces, and with them every link. */
  remove(): void {
    for (const netns of [...this.#hosts, this.#name]) quietly('ip', 'netns', 'del', netns)
  }

  #inside(...argv: string[]): void {
    run('ip', 'netns', 'exec', this.#name, ...argv)
  }
}

function port(index: number): string {
  return `p${index}`
}

export function run(command: string, ...args: string[]): string {
  return execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
}

export function quietly(command: string, ...args: string[]): void {
  try {
    run(command, ...args)
  } catch {
    // Cleaning up goes on to the next thing.
  }
}
