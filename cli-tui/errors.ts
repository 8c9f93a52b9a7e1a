/**
 * What goes wrong in the command itself, with what it means and what to do (`docs/errors.md` is held complete against it). Errors of the
 * daemon, the compiler and the host keep their own classes and codes; all of them reach the terminal as `chorus: CODE: sentence`.
 */
export const CLI_ERRORS = {
  E_USAGE: ['The command line does not make sense.', 'Run `chorus COMMAND --help`.'],
  E_OLD_NODE: ['Node is older than 24.', 'Run it as `npx chorus` where `npm ci` was run, or install Node 24.'],
  E_INTERRUPTED: ['The command was stopped, or a question was answered with no.', 'Run it again when it is meant.'],
  E_NO_STATE: [
    'There is no state folder where the command looked for one.',
    'Run `chorus init` or `chorus join`, or name the folder with --state.',
  ],
  E_STATE_EXISTS: [
    'The state folder already belongs to a node.',
    'Choose another folder with --state, or remove the old node first.',
  ],
  E_NOT_CONVERGED: [
    'Nodes that the policy selects did not converge in time.',
    'See `chorus nodes` for the ones that are listed; spreading goes on without the command.',
  ],
  E_NOT_FOUND: [
    'Nothing here has this name or id.',
    'See `chorus nodes` or `chorus log`; the message may name the nearest.',
  ],
  E_AMBIGUOUS: ['Several things start with this name or id.', 'Give more of it.'],
  E_NOT_ALLOWED: [
    'The key that would sign this has no role that covers it.',
    'Use a node or key that has, or ask a root for a grant.',
  ],
  E_SOURCE: [
    'The policy folder is missing, or holds what no policy can carry.',
    'Name the folder that holds policy.yaml, and keep devices, sockets and pipes out of it.',
  ],
  E_SOURCE_SIZE: ['The folder holds too many files for a policy.', 'Name the folder of one policy.'],
  E_POLICY: [
    'The policy has mistakes; each was shown with its place.',
    'Correct them; `chorus lint DIR` shows them again.',
  ],
  E_KEY_FILE: [
    'A key file is missing, is none, is damaged, or can be read by others.',
    'Make one with `chorus keygen`, restore it, or run chmod 600.',
  ],
  E_PASSPHRASE: ['The passphrase is wrong, or there was no way to ask for it.', 'Give it with --passphrase-file.'],
  E_CHARTER_FORK: ['Several charters are in force at once.', 'Run `chorus charter merge` first.'],
  E_FILE_EXISTS: [
    'A file that would be written is there already.',
    'Choose another name; for files that are not keys, use --force.',
  ],
  E_IO: ['The operating system refused to read or write a file.', 'The message names the file and the reason.'],
  E_ARCHIVE: [
    'A bundle or export file is damaged, incomplete, or of another kind.',
    'Make it again with `chorus build` or `chorus export`.',
  ],
  E_SCENARIO: [
    'A scenario has mistakes, each shown with its place, or its fleet cannot be read.',
    'Correct them; docs/simulator.md says what a scenario may hold.',
  ],
  E_MEMORY: ['A simulation would need more memory than there is.', 'Use fewer --nodes or --jobs, or a larger machine.'],
  E_RUN_FILE: [
    'A file is not the result of a simulation that this chorus can read.',
    'Make it with `chorus sim run --report DIR`.',
  ],
  E_DEMO: ['A step of the demo did not happen in time.', 'Run it again; if it fails again, report the last lines.'],
  E_INTERNAL: ['Something failed in a way that nobody expected.', 'Set CHORUS_DEBUG=1 to see where, and report it.'],
} as const satisfies Record<string, readonly [meaning: string, remedy: string]>

export type CliErrorCode = keyof typeof CLI_ERRORS

/** Exit codes, the same for every command: done or converged, error, usage, not converged, no daemon. */
export const EXIT = { done: 0, error: 1, usage: 2, notConverged: 3, noDaemon: 4 } as const
export type Exit = (typeof EXIT)[keyof typeof EXIT]

const EXIT_OF: Readonly<Partial<Record<string, Exit>>> = {
  E_USAGE: EXIT.usage,
  E_NOT_CONVERGED: EXIT.notConverged,
  E_NO_DAEMON: EXIT.noDaemon,
  E_NO_STATE: EXIT.noDaemon,
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
