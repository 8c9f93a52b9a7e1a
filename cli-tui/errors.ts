/**
 * What went wrong in the command itself. Errors of the daemon, the compiler and the host keep their own classes and codes; all of them
 * reach the terminal as `chorus: E_CODE: sentence`.
 */
export type CliErrorCode =
  | 'E_USAGE'
  | 'E_OLD_NODE'
  | 'E_INTERRUPTED'
  | 'E_NO_DAEMON'
  | 'E_NO_STATE'
  | 'E_NOT_CONVERGED'
  | 'E_NOT_FOUND'
  | 'E_AMBIGUOUS'
  | 'E_SOURCE'
  | 'E_SOURCE_SIZE'
  | 'E_KEY_FILE'
  | 'E_PASSPHRASE'
  | 'E_THRESHOLD'
  | 'E_FILE_EXISTS'
  | 'E_IO'
  | 'E_ARCHIVE'
  | 'E_DEMO'
  | 'E_INTERNAL'

/** Exit codes, the same for every command: done or converged, error, usage, not converged, no daemon. */
export const EXIT = { done: 0, error: 1, usage: 2, notConverged: 3, noDaemon: 4 } as const
export type Exit = (typeof EXIT)[keyof typeof EXIT]

const EXIT_OF: Readonly<Partial<Record<string, Exit>>> = {
  E_USAGE: EXIT.usage,
  E_NOT_CONVERGED: EXIT.notConverged,
  E_NO_DAEMON: EXIT.noDaemon,
}

export class CliError extends Error {
  override readonly name = 'CliError'
  readonly code: CliErrorCode
  /** What to try next; printed on a line of its own. */
  readonly hint: string | undefined

  constructor(code: CliErrorCode, message: string, hint?: string) {
    super(message)
    this.code = code
    this.hint = hint
  }
}

/** An error as the terminal and `--json` show it. */
export interface ShownError {
  readonly code: string
  readonly message: string
  readonly hint: string | undefined
  readonly exit: Exit
}

/** System errors that an operator can act on, by `errno` name. */
const SYSTEM: Readonly<Record<string, string>> = {
  EACCES: 'permission denied; run it as the user who owns the file, or as root',
  EPERM: 'the operation is not permitted; run it as root',
  ENOENT: 'no such file or folder',
  ENOTDIR: 'part of the path is a file, not a folder',
  EISDIR: 'it is a folder, not a file',
  ENOSPC: 'the disk is full; free some space and try again',
  EROFS: 'the file system is read-only',
  EMFILE: 'too many files are open; raise the limit with "ulimit -n"',
  EADDRINUSE: 'the address is in use; choose another with --listen',
  EEXIST: 'it exists already',
  ELOOP: 'too many symbolic links',
  ENAMETOOLONG: 'the name is too long for this file system',
}

/** Turns whatever was thrown into a code, one sentence and an exit code. Never shows a stack. */
export function shownError(thrown: unknown): ShownError {
  if (!(thrown instanceof Error))
    return { code: 'E_INTERNAL', message: String(thrown), hint: undefined, exit: EXIT.error }
  const code = 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : 'E_INTERNAL'
  const hint = 'hint' in thrown && typeof thrown.hint === 'string' ? thrown.hint : undefined
  const system = SYSTEM[code]
  if (system !== undefined) {
    const path = 'path' in thrown && typeof thrown.path === 'string' ? `${thrown.path}: ` : ''
    return { code: 'E_IO', message: `${path}${system} (${code})`, hint, exit: EXIT.error }
  }
  if (!code.startsWith('E_'))
    return { code: 'E_INTERNAL', message: `${oneLine(thrown.message)} (${code})`, hint, exit: EXIT.error }
  return { code, message: thrown.message, hint, exit: EXIT_OF[code] ?? EXIT.error }
}

const oneLine = (text: string): string => text.split('\n', 1)[0] ?? ''
