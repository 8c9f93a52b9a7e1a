import { Command, CommanderError, Option } from 'commander'
import type { CommandSpec, Invocation, OptionSpec } from './command.ts'
import { CliError } from './errors.ts'
import { optionsOf } from './input/options.ts'
import { didYouMean } from './input/suggest.ts'
import { helpText, overview } from './out/help.ts'
import type { Paint } from './out/paint.ts'

export interface Parsed {
  readonly spec: CommandSpec
  readonly input: Invocation
  readonly json: boolean
  readonly state: string | undefined
}

/** Options that every command takes. */
export const EVERYWHERE: readonly OptionSpec[] = [
  { flags: '--json', help: 'print JSON: one document, or one a line when it streams' },
  { flags: '--state <DIR>', help: "the node's state folder (default: $CHORUS_STATE, else one per user)" },
]

/**
 * Reads a command line against the table. Returns what to run, or the text to print (help, version).
 * Throws CliError E_USAGE with a suggestion for a mistyped command or option.
 */
export async function parse(
  argv: readonly string[],
  table: readonly CommandSpec[],
  world: { readonly paint: Paint; readonly columns: number; readonly version: string },
): Promise<Parsed | { readonly print: string }> {
  let parsed: Parsed | undefined
  let printed = ''
  const program = command('chorus', () => overview(table, world))
  program.version(world.version, '-V, --version', 'print the version')
  for (const spec of table) {
    const words = spec.name.split(' ')
    const parent = words
      .slice(0, -1)
      .reduce((at, word, i) => child(at, word, table, words.slice(0, i + 1).join(' ')), program)
    const own = command(words.at(-1) ?? '', () => helpText(spec, world))
    for (const arg of spec.args ?? []) own.argument(arg.name.startsWith('[') ? arg.name : `<${arg.name}>`, arg.help)
    for (const option of spec.options ?? []) own.addOption(optionFor(option))
    own.action(() => {
      const values = own.optsWithGlobals<Record<string, unknown>>()
      const options = optionsOf(values)
      parsed = {
        spec,
        input: {
          args: own.processedArgs.flatMap((arg: unknown) =>
            Array.isArray(arg) ? arg.map(textOrNone) : [textOrNone(arg)],
          ),
          options,
        },
        json: options.flag('json'),
        state: options.text('state'),
      }
    })
    parent.addCommand(own, { isDefault: spec.isDefault === true })
  }

  function command(name: string, help: () => string): Command {
    const made = new Command(name)
    made.exitOverride().helpCommand(false).showSuggestionAfterError(true).allowExcessArguments(false)
    made.helpOption('-h, --help', 'show help')
    made.configureOutput({
      writeOut: (text) => {
        printed += text
      },
      writeErr: () => undefined,
      outputError: () => undefined,
    })
    for (const option of EVERYWHERE) made.addOption(optionFor(option))
    // Made when it is asked for: the texts of forty commands would cost each start 10 ms.
    made.helpInformation = help
    return made
  }

  function child(at: Command, word: string, all: readonly CommandSpec[], path: string): Command {
    const known = at.commands.find((candidate) => candidate.name() === word)
    if (known !== undefined) return known
    const made = command(word, () =>
      overview(
        all.filter((spec) => spec.name.startsWith(`${path} `)),
        world,
        path,
      ),
    )
    at.addCommand(made)
    return made
  }

  try {
    await program.parseAsync(rewriteHelp(argv), { from: 'user' })
  } catch (thrown) {
    if (!(thrown instanceof CommanderError)) throw thrown
    if (thrown.exitCode === 0) return { print: printed }
    if (thrown.code === 'commander.help' && pathOf(program, argv).words.length === 0)
      return { print: program.helpInformation() }
    throw usageError(thrown, program, argv)
  }
  return parsed ?? { print: program.helpInformation() }
}

/** `chorus help publish` is `chorus publish --help`. */
function rewriteHelp(argv: readonly string[]): string[] {
  return argv[0] === 'help' ? [...argv.slice(1), '--help'] : [...argv]
}

function optionFor(spec: OptionSpec): Option {
  const option = new Option(spec.flags, spec.help)
  if (spec.choices !== undefined) option.choices([...spec.choices])
  if (spec.many === true) option.argParser((value: string, before: string[] | undefined) => [...(before ?? []), value])
  return option
}

const textOrNone = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)

/** Commander says `error: unknown option '--wiat'\n(Did you mean --wait?)`; here that is one sentence with what to do. */
function usageError(thrown: CommanderError, program: Command, argv: readonly string[]): CliError {
  const { words, at, next } = pathOf(program, argv)
  const help = `Run "chorus ${[...words, '--help'].join(' ')}" for what it takes.`
  const siblings = at.commands.map((candidate) => candidate.name())
  // A family such as `charter` has a default command, to which a mistyped one looks like an argument too many.
  if (siblings.length > 0 && words.length > 0 && next !== undefined) {
    return new CliError('E_USAGE', `unknown command "${[...words, next].join(' ')}"${didYouMean(next, siblings)}`, help)
  }
  if (thrown.code === 'commander.help')
    return new CliError('E_USAGE', `a command is missing after "${words.join(' ')}": ${siblings.join(', ')}`, help)
  const [first = '', suggestion = ''] = thrown.message.replace(/^error: /, '').split('\n')
  const meant = suggestion.replace(
    /^\(Did you mean (.*)\?\)$/,
    (_, guess: string) => `; did you mean "${guess.replace(/^one of /, '')}"?`,
  )
  return new CliError('E_USAGE', `${first.replaceAll("'", '"')}${meant}`, help)
}

/** The command that was typed, as far as it is known, and the first word that is not. */
function pathOf(
  program: Command,
  argv: readonly string[],
): { readonly words: readonly string[]; readonly at: Command; readonly next: string | undefined } {
  const words: string[] = []
  let at = program
  for (const word of argv) {
    if (word.startsWith('-')) break
    const child = at.commands.find((candidate) => candidate.name() === word)
    if (child === undefined) return { words, at, next: word }
    words.push(word)
    at = child
  }
  return { words, at, next: undefined }
}
