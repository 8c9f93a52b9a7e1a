import type { CommandSpec, Context, Invocation } from '../command.ts'
import { CliError, EXIT } from '../errors.ts'
import type { Exit } from '../errors.ts'
import { didYouMean } from '../input/suggest.ts'
import { EVERYWHERE } from '../parse.ts'
import { TABLE } from '../table/index.ts'

/** `chorus completion --json`. */
export interface CompletionOutput {
  readonly shell: string
  readonly script: string
}

const SHELLS: Readonly<Record<string, (table: readonly CommandSpec[]) => string>> = { bash, zsh, fish }

export async function run(context: Context, { args }: Invocation): Promise<Exit> {
  const shell = args[0] ?? (context.io.env['SHELL'] ?? '').split('/').at(-1) ?? ''
  const make = Object.hasOwn(SHELLS, shell) ? SHELLS[shell] : undefined
  if (make === undefined)
    throw new CliError(
      'E_USAGE',
      `there is no completion for "${shell}"${didYouMean(shell, Object.keys(SHELLS))}`,
      `Choose one of ${Object.keys(SHELLS).join(', ')}.`,
    )
  context.out.result<CompletionOutput>('completion', { shell, script: make(TABLE) }, (data) => data.script)
  return EXIT.done
}

/** `--wait` and `-o` out of `-o, --output <FILE>`. */
const flagsOf = (spec: CommandSpec): string[] =>
  [...(spec.options ?? []), ...EVERYWHERE, { flags: '--help', help: '' }].flatMap((option) =>
    option.flags.split(', ').map((flag) => flag.split(' ')[0] ?? ''),
  )

const firstWords = (table: readonly CommandSpec[]): string[] => [
  ...new Set(table.map((spec) => spec.name.split(' ')[0] ?? '')),
]

/** Words that may follow `prefix`: the rest of a family such as `charter`. */
function nextWords(table: readonly CommandSpec[], prefix: string): string[] {
  const depth = prefix.split(' ').length
  return [
    ...new Set(
      table.filter((spec) => spec.name.startsWith(`${prefix} `)).map((spec) => spec.name.split(' ')[depth] ?? ''),
    ),
  ]
}

const prefixes = (table: readonly CommandSpec[]): string[] => [
  ...new Set(
    table.flatMap((spec) =>
      spec.name
        .split(' ')
        .slice(0, -1)
        .map((_, i, words) => words.slice(0, i + 1).join(' ')),
    ),
  ),
]

function bash(table: readonly CommandSpec[]): string {
  const cases = [
    ...prefixes(table).map((prefix) => `    "${prefix}") words="${nextWords(table, prefix).join(' ')}" ;;`),
    ...table.map((spec) => `    "${spec.name}") words="${flagsOf(spec).join(' ')}" ;;`),
  ]
  return `# bash completion for chorus
_chorus() {
  local current="\${COMP_WORDS[COMP_CWORD]}" path="" words="" word
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$word" in -*) ;; *) case " ${firstWords(table).join(' ')} ${prefixes(table)
      .flatMap((prefix) => nextWords(table, prefix))
      .join(' ')} " in *" $word "*) path="\${path:+$path }$word" ;; esac ;; esac
  done
  case "$path" in
    "") words="${firstWords(table).join(' ')} --help --version" ;;
${cases.join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
  if [ \${#COMPREPLY[@]} -eq 0 ]; then COMPREPLY=($(compgen -f -- "$current")); fi
}
complete -o filenames -F _chorus chorus
`
}

function zsh(table: readonly CommandSpec[]): string {
  return `#compdef chorus
autoload -U +X bashcompinit && bashcompinit
${bash(table)}`
}

function fish(table: readonly CommandSpec[]): string {
  const quote = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
  const lines = firstWords(table).map((word) => {
    const spec = table.find((candidate) => candidate.name === word)
    return `complete -c chorus -n __fish_use_subcommand -a ${word} -d ${quote(spec?.summary ?? `${word} commands`)}`
  })
  for (const prefix of prefixes(table)) {
    const seen = prefix
      .split(' ')
      .map((word) => `__fish_seen_subcommand_from ${word}`)
      .join('; and ')
    lines.push(`complete -c chorus -n '${seen}' -a '${nextWords(table, prefix).join(' ')}'`)
  }
  for (const spec of table) {
    const seen = spec.name
      .split(' ')
      .map((word) => `__fish_seen_subcommand_from ${word}`)
      .join('; and ')
    for (const option of spec.options ?? []) {
      const long = /--([a-z-]+)/.exec(option.flags)?.[1]
      if (long !== undefined)
        lines.push(
          `complete -c chorus -n '${seen}' -l ${long} -d ${quote(option.help)}${option.flags.includes('<') ? ' -r' : ''}`,
        )
    }
  }
  return `# fish completion for chorus\n${lines.join('\n')}\n`
}
