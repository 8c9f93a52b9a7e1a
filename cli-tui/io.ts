import { homedir } from 'node:os'
import { join, resolve } from 'node:path'

/** The world as a command sees it; tests give their own. */
export interface Io {
  readonly stdout: Sink
  readonly stderr: Sink
  readonly stdin: Source
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string
  /** 0 is root; -1 where the platform has no user ids. */
  readonly uid: number
  readonly now: () => number
  /** Aborted by Ctrl-C or SIGTERM. */
  readonly signal: AbortSignal
}

export interface Sink {
  readonly isTTY: boolean
  /** Columns of the terminal; 80 when unknown. */
  readonly columns: number
  write(text: string): void
}

export interface Source {
  readonly isTTY: boolean
  /** Everything up to the end of the input, at most `limit` bytes. */
  read(limit: number): Promise<string>
  /** Asks on the terminal; what is typed is shown. */
  line(question: string): Promise<string>
  /** Asks on the terminal without showing what is typed. */
  secret(question: string): Promise<string>
}

/** Where a node keeps its state when `--state` is not given: `$CHORUS_STATE`, `/var/lib/chorus` for root, else below the home folder. */
export function defaultStateDir(env: Io['env'], uid: number): string {
  const chosen = env['CHORUS_STATE']
  if (chosen !== undefined && chosen !== '') return resolve(chosen)
  if (uid === 0) return '/var/lib/chorus'
  return join(env['XDG_STATE_HOME'] ?? join(env['HOME'] ?? homedir(), '.local', 'state'), 'chorus')
}

/** Where `init` puts root keys: outside the state folder, so that the daemon never reads them. */
export function keyDir(env: Io['env']): string {
  return join(env['XDG_CONFIG_HOME'] ?? join(env['HOME'] ?? homedir(), '.config'), 'chorus')
}
