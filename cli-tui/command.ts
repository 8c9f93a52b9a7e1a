import type { Exit } from './errors.ts'
import type { Options } from './input/options.ts'
import type { Io } from './io.ts'
import type { Output } from './out/output.ts'

/** One option of a command: commander's flag text, what it means, and how often it may be given. */
export interface OptionSpec {
  readonly flags: string
  readonly help: string
  /** May be given several times; each adds to a list. */
  readonly many?: boolean
  readonly choices?: readonly string[]
}

export interface ArgSpec {
  /** As in help: `DIR`, `[POLICY]` when it may be left out, `WHAT...` when there may be several. */
  readonly name: string
  readonly help: string
}

/** One line in the table of commands: everything that help, completion and parsing need, without loading the command itself. */
export interface CommandSpec {
  /** Words, as typed: `status`, `charter rotate`. */
  readonly name: string
  readonly group: CommandGroup
  readonly summary: string
  /** Paragraphs for `--help`, below the summary. */
  readonly details?: string
  readonly args?: readonly ArgSpec[]
  readonly options?: readonly OptionSpec[]
  /** Command line (without `chorus`) and what it does. */
  readonly examples: readonly (readonly [line: string, what: string])[]
  /** Runs when only the first word of `name` is given (`chorus charter`). */
  readonly isDefault?: boolean
  readonly load: () => Promise<CommandModule>
}

export type CommandGroup = 'This machine' | 'Membership' | 'Policies' | 'Authority' | 'Looking' | 'Simulation' | 'Help'

export interface CommandModule {
  readonly run: (context: Context, input: Invocation) => Promise<Exit>
}

export interface Invocation {
  /** Positional arguments in order; those left out are undefined. */
  readonly args: readonly (string | undefined)[]
  readonly options: Options
}

/** What every command gets: the world (`io`), where to put results (`out`), and the state folder that `--state` names. */
export interface Context {
  readonly io: Io
  readonly out: Output
  readonly stateDir: string
}
