import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import type { StatePaths } from './types.ts'

/**
 * Where a node keeps its state: `--state DIR`, else /var/lib/chorus for root, else $XDG_STATE_HOME/chorus
 * (~/.local/state/chorus). Absolute.
 */
export function stateDir(
  given: string | undefined,
  env: Readonly<Record<string, string | undefined>> = process.env,
): string {
  if (given !== undefined && given !== '') return resolve(given)
  if (process.getuid?.() === 0) return '/var/lib/chorus'
  const base = env.XDG_STATE_HOME
  return join(base !== undefined && base.startsWith('/') ? base : join(homedir(), '.local/state'), 'chorus')
}

/** The layout of a state folder; everything in it belongs to one node. */
export function statePaths(dir: string): StatePaths {
  return {
    key: join(dir, 'node.key'),
    database: join(dir, 'chorus.db'),
    blocks: join(dir, 'blocks'),
    backup: join(dir, 'backup'),
    socket: join(dir, 'control.sock'),
    lock: join(dir, 'daemon.lock'),
    pid: join(dir, 'daemon.pid'),
    config: join(dir, 'chorus.yaml'),
  }
}
