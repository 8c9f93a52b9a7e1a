/**
 * The host port: everything that a resource may ask of a machine. `node/host` implements it with a real one, the
 * simulator and the tests with one in memory. File operations are synchronous, because thousands of small ones are done
 * in a row and a promise each costs more than the work; what may take long (commands, large files) is not.
 *
 * Paths are absolute and normalised. No operation follows a link that somebody other than root or the daemon's user could
 * have put there (`E_PATH`); none leaves a half-written file.
 *
 * @throws HostError from every operation
 */
export interface HostPort {
  /** The daemon's own effective user and group. */
  readonly uid: number
  readonly gid: number
  /** null if there is nothing at the path; a link is not followed. */
  lstat(path: string): FileStat | null
  /** The whole content. `E_TOO_LARGE` beyond `limit` bytes. */
  readFile(path: string, limit: number): Uint8Array
  readLink(path: string): string
  /** Names in a directory, sorted. */
  list(path: string): readonly string[]
  /** The path with the links in its parents resolved, for confinement; what does not exist yet is kept as it is. */
  realPath(path: string): string
  /** sha2-256 (hex) of each successive piece of `pieceBytes` of a file; read in pieces, whatever its size. */
  hashPieces(path: string, pieceBytes: number): Promise<readonly string[]>
  /** sha2-256, hex. */
  sha256(bytes: Uint8Array): string

  makeDirectory(path: string, how: Ownership): void
  /** Only an empty one. */
  removeDirectory(path: string): void
  removeFile(path: string): void
  /** Replaces a link, or a file, at once. */
  makeLink(path: string, target: string): void
  setMode(path: string, mode: number): void
  setOwner(path: string, uid: number, gid: number): void
  /** Temporary file in the same directory, owner and mode, fsync, rename, fsync of the directory. */
  writeFile(path: string, content: Uint8Array, how: Ownership): void
  /** The same for content that comes in pieces, or that must be validated: `validate` sees the temporary file's path. */
  writeStream(path: string, content: FileContent, how: Ownership, validate: Validator | null): Promise<void>
  /** Keeps a copy of what is at the path before it is overwritten. @returns where, or null if there is nothing or it is too large */
  backup(path: string): string | null

  /** Numeric ids of a user or group by name (or a number as text); null if there is none. */
  userId(name: string): number | null
  groupId(name: string): number | null
  userName(uid: number): string
  groupName(gid: number): string

  /** Runs argv, never a shell. Ends the whole process group at the timeout. A command that fails is a result, not an error. */
  exec(request: ExecRequest): Promise<ExecResult>
}

export type FileContent = Uint8Array | AsyncIterable<Uint8Array>
export type Validator = (temporary: string) => Promise<void>

export interface Ownership {
  /** Permission bits, for example 0o644. */
  readonly mode: number
  readonly uid: number
  readonly gid: number
}

export interface FileStat extends Ownership {
  readonly kind: 'file' | 'directory' | 'link' | 'other'
  readonly size: number
}

export interface ExecRequest {
  readonly argv: readonly string[]
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
  /** Run as this user (only root can). */
  readonly user?: string
  readonly timeoutMs: number
}

export interface ExecResult {
  /** Exit status, or null if it was ended by a signal, by the timeout, or could not be started. */
  readonly status: number | null
  readonly signal: string | null
  readonly timedOut: boolean
  /** Why it could not be started (`ENOENT`, `EACCES`), or null. */
  readonly failed: string | null
  /** The first and last part of both outputs together, bounded. */
  readonly output: string
}

export const HOST_ERRORS = {
  E_PATH: [
    'A path passes a link or a place that its policy may not use.',
    'Correct the path, or remove the link on the host.',
  ],
  E_NO_SPACE: ['The disk or quota is full.', 'Make room; the node tries again at its next run.'],
  E_READ_ONLY: ['The file system is read-only.', 'Mount it writable, or manage another path.'],
  E_DENIED: ['The operating system refused it.', 'Run the daemon as root, or manage what its user owns.'],
  E_MISSING: [
    'Something that must exist is not there.',
    'Let another resource make it first: its directory, its user.',
  ],
  E_NOT_EMPTY: ['A directory is not empty.', 'Remove what is in it, or set `recurse` and `purge`.'],
  E_WRONG_KIND: ['There is something of another kind at the path.', 'Remove it by hand, or set `force: true`.'],
  E_TOO_LARGE: ['A file is larger than can be handled here.', 'Use `source`, which is compared in pieces.'],
  E_VALIDATE: [
    'The check that `validate` names refused the new content.',
    'Correct the content; the old file is untouched.',
  ],
  E_EXEC: ['A command failed.', 'Read its output in the outcome; run it by hand.'],
  E_TIMEOUT: ['A command ran longer than its timeout.', 'Raise `timeout`, or find out what it waits for.'],
  E_ASSERT: ['A condition that the policy asserts is false here.', 'The message of the assertion says what to do.'],
  E_NO_USER: ['A user or group does not exist on this host.', 'Create it first, or correct its name.'],
  E_IO: ['The operating system reported an error.', 'See the message; the disk may be failing.'],
  E_CONFLICT: [
    'Two policies want different things of one resource.',
    'Take it out of one of them; the first by name wins.',
  ],
  E_CONFINED: [
    'The author may not use this resource type or path.',
    'Widen the grant, or publish with a key that may.',
  ],
  E_DEPENDENCY: ['Something that comes first failed.', 'Mend that one; this follows by itself.'],
  E_CANCELLED: ['The run ended before this resource had its turn.', 'It follows at the next run.'],
} as const satisfies Record<string, readonly [meaning: string, remedy: string]>

export type HostErrorCode = keyof typeof HOST_ERRORS

/** What a host refused or could not do. The message is one sentence that names the path or command. */
export class HostError extends Error {
  override readonly name = 'HostError'
  readonly code: HostErrorCode

  constructor(code: HostErrorCode, message: string) {
    super(message)
    this.code = code
  }
}
