import type { MaybePromise } from './maybe.ts'

/** Names of temporary files start with it: a dot and no useful ending, so that conf.d, cron.d and sudoers.d folders skip them. */
export const TEMPORARY_PREFIX = '.chorus-'

/**
 * All that resource types may do to a host. The daemon implements it with system calls, tests and the simulator with a
 * map. Paths are absolute and clean (no `..`, `//` or ending `/`). The last component of a path is never followed if it
 * is a link; those before it only if the link belongs to root or to the daemon's own user.
 *
 * Small operations are synchronous on purpose: a run over a thousand files makes several thousand of them.
 *
 * Every method throws `PolicyError`: E_PATH for a hostile link or a path outside `confined` folders, E_NOT_FOUND,
 * E_PERMISSION, E_READ_ONLY, E_NO_SPACE, E_IN_THE_WAY, E_TOO_LARGE, E_IO.
 */
export interface HostPort {
  /** The user that the daemon runs as; 0 is root. */
  readonly uid: number
  readonly gid: number

  /** Milliseconds since 1970. */
  now(): number
  /** The moment on the clock of its users: 0 for Sunday, minutes after midnight. */
  dayTime(): { readonly day: number; readonly minute: number }
  /** Lets other work of the process go on. */
  pause(): Promise<void>
  /** Waits so long, or until it is cancelled. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
  sha256(bytes: Uint8Array): Uint8Array
  /** SHA-256 of what comes in pieces. */
  digest(): Digest
  /** Unpacks gzip as it comes. @throws E_MALFORMED */
  gunzip(source: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array>
  /** Unpacks deflate without a header, as zip has it. @throws E_MALFORMED */
  inflate(source: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array>
  /** What an http or https URL gives, a few redirections followed. @throws E_FETCH, E_TIMEOUT, E_CANCELLED */
  fetch(url: string, options: FetchOptions): AsyncIterable<Uint8Array>
  /** Asks a service whether it is there: null if it is well, else why it is not. */
  probe(target: ProbeTarget, timeoutMs: number, signal?: AbortSignal): Promise<string | null>

  /** What is at the path, or null: nothing, or a folder on the way is missing or is no folder. */
  lstat(path: string): Entry | null
  /** The whole file. @throws E_TOO_LARGE above `maxBytes`, E_IN_THE_WAY if it is no regular file */
  readFile(path: string, maxBytes: number): Uint8Array
  /** Target of a link, as written. */
  readlink(path: string): string
  /** Names in a folder, sorted. @throws E_TOO_LARGE above `maxEntries` */
  readdir(path: string, maxEntries: number): readonly string[]
  /** SHA-256 of each piece of `pieceBytes` (the last one shorter), one piece in memory at a time. */
  hashPieces(path: string, pieceBytes: number, signal?: AbortSignal): Promise<readonly Uint8Array[]>

  /** SHA-256 of a whole file, read in pieces. */
  hashFile(path: string, signal?: AbortSignal): Promise<Uint8Array>

  /** Starts a new file beside `path` under a temporary name. */
  stage(path: string, attributes: Attributes): StagedFile
  /** Makes a link, replacing atomically a link or file that is there. */
  symlink(path: string, target: string): void
  /** @throws E_IN_THE_WAY if anything is there */
  mkdir(path: string, attributes: Attributes): void
  /** Moves a file or folder within one file system. @throws E_IN_THE_WAY if anything is at `to` */
  rename(from: string, to: string): void
  /** Removes an empty folder. @throws E_IN_THE_WAY if it is not empty */
  rmdir(path: string): void
  /** Removes a file, link or other entry that is no folder. */
  unlink(path: string): void
  /** Of a file or folder. @throws E_PATH for a file that has another name in a folder of somebody else */
  chmod(path: string, mode: number): void
  /** Of a file, folder or link. @throws as chmod */
  chown(path: string, uid: number, gid: number): void
  /** Ends a run: makes renames, new folders and removals durable, if the port is durable at all, and lets go of folders. */
  flush(): MaybePromise<void>
  /** Removes temporary files in a folder that a crash left behind; gives their number. */
  cleanTemporary(folder: string): number

  /** null: there is no such account. */
  uidOf(user: string): number | null
  gidOf(group: string): number | null
  /** The name, or the number as text if it has none. */
  userName(uid: number): string
  groupName(gid: number): string

  /** Copies the file to the backup store; null if it is over the store's limit. */
  backup(path: string): MaybePromise<BackupId | null>
  /** Puts a copy back, atomically. @throws E_BACKUP if the store has dropped it */
  restore(id: BackupId, path: string, attributes: Attributes): MaybePromise<void>

  /** Runs a command without a shell, in a process group of its own. Never throws for what the command does. */
  exec(argv: readonly string[], options: ExecOptions): Promise<ExecResult>

  /** Keeps programs running as long as the daemon does; null where nothing outlives the run (`chorus converge`). */
  readonly processes: Supervisor | null

  /** The same host, but every path must lie in one of these folders (or be one), links on the way resolved. */
  confined(folders: readonly string[]): HostPort
}

/** A program that the daemon itself runs and supervises. */
export interface Supervisor {
  /** null: nothing runs under this name. */
  status(name: string): ProcessStatus | null
  /** Starts it, in the place of what runs under its name. @throws PolicyError E_ACCOUNT, E_EXEC */
  start(spec: ProcessSpec): Promise<void>
  /** Stops it and starts it again. */
  restart(name: string): Promise<void>
  /** Stops it for good: its signal first, the whole group killed after its grace. */
  stop(name: string): Promise<void>
}

export interface ProcessSpec {
  readonly name: string
  /** Equal for equal specifications. */
  readonly mark: string
  readonly argv: readonly string[]
  readonly cwd: string
  readonly env: Readonly<Record<string, string>>
  /** Account to run as; undefined: the daemon's own. */
  readonly user: string | undefined
  readonly restart: 'always' | 'onFailure' | 'never'
  /** The pause before the first restart; it doubles up to the second figure, and starts anew when it ran well for a while. ms */
  readonly backoffMs: number
  readonly backoffMaxMs: number
  readonly stopSignal: string
  /** From the signal until it is killed. ms */
  readonly graceMs: number
  readonly liveness: Liveness | null
}

/** Asked as long as the program runs: after so many answers that are not well in a row it is restarted. */
export interface Liveness {
  readonly probe: ProbeTarget | { readonly exec: readonly string[] }
  /** From the start to the first question. ms */
  readonly delayMs: number
  readonly intervalMs: number
  readonly timeoutMs: number
  readonly failures: number
}

export interface ProcessStatus {
  readonly mark: string
  /** `waiting`: it ended, and is started again in a moment. `ended`: it is not. */
  readonly state: 'running' | 'waiting' | 'ended'
  readonly pid: number | null
  /** Since when it runs, ms since 1970. */
  readonly sinceMs: number
  readonly restarts: number
  /** How it last ended, and the last it said; empty if it never did. */
  readonly lastEnd: string
  /** Whether that end was well: exit code 0, or it was told to stop. */
  readonly endedWell: boolean
}

export interface Digest {
  add(bytes: Uint8Array): void
  end(): Uint8Array
}

export interface FetchOptions {
  readonly timeoutMs: number
  readonly signal?: AbortSignal
}

/** `status`: the only code that is right; without it 200 to 399. */
export type ProbeTarget =
  | { readonly http: string; readonly status?: number }
  | { readonly tcp: { readonly host: string; readonly port: number } }

export type EntryKind = 'file' | 'folder' | 'link' | 'other'

export interface Entry {
  readonly kind: EntryKind
  /** Permission bits, up to 0o7777. */
  readonly mode: number
  readonly uid: number
  readonly gid: number
  /** Bytes. */
  readonly size: number
  /** Device and inode, together the identity of what is there. */
  readonly dev: number
  readonly ino: number
  /** Changes whenever content, mode, owner or name do. */
  readonly ctimeMs: number
}

export interface Attributes {
  readonly mode: number
  readonly uid: number
  readonly gid: number
}

/** A file that is being written. Exactly one of `commit` and `discard` ends it. */
export interface StagedFile {
  /** Where it lies meanwhile: what a validating command is given. Owner and mode are the final ones. */
  readonly path: string
  write(bytes: Uint8Array): void
  /** Renames it over `path`. A promise if it has to wait for the disk. On failure the old file is untouched. */
  commit(): MaybePromise<void>
  discard(): void
}

/** Name of a copy in the backup store: SHA-256 of its content, hex. */
export type BackupId = string

export interface ExecOptions {
  /** Working folder. @default / */
  readonly cwd?: string
  /** Added to a minimal environment (PATH, HOME, USER, LANG). */
  readonly env?: Readonly<Record<string, string>>
  /** Account to run as. */
  readonly user?: string
  readonly timeoutMs: number
  /** Of standard output and error together; the last bytes are kept. */
  readonly maxOutputBytes: number
  readonly stdin?: Uint8Array
  readonly signal?: AbortSignal
}

export interface ExecResult {
  /** `exit` has a code; the others do not. `failed`: could not be started. */
  readonly end: 'exit' | 'signal' | 'timeout' | 'cancelled' | 'failed'
  readonly code: number | null
  /** Both streams as text, in the order in which they were read; the last part if there was more. */
  readonly output: string
  readonly truncated: boolean
  /** For `failed` and `signal`: the error or the signal's name. */
  readonly why: string
}
