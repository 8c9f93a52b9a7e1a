import type { CommandGroup, CommandSpec, OptionSpec } from '../command.ts'
import type { Paint } from './paint.ts'
import { width } from './text.ts'

const GROUPS: readonly CommandGroup[] = [
  'This machine',
  'Membership',
  'Policies',
  'Authority',
  'Looking',
  'Simulation',
  'Help',
]

/** `chorus --help`, or the help of a family such as `chorus charter`. */
export function overview(
  table: readonly CommandSpec[],
  { paint, columns }: { readonly paint: Paint; readonly columns: number },
  family = '',
): string {
  const wide = Math.max(...table.map((spec) => width(usage(spec))))
  const indent = wide + 4
  const line = (spec: CommandSpec): string => {
    const [first = '', ...rest] = wrap(spec.summary, columns - indent).split('\n')
    const told = [first, ...rest.map((text) => `${' '.repeat(indent)}${text}`)].join('\n')
    return `  ${usage(spec).padEnd(wide)}  ${paint('dim', told)}\n`
  }
  const sections = GROUPS.map((group) => [group, table.filter((spec) => spec.group === group)] as const)
    .filter(([, specs]) => specs.length > 0)
    .map(
      ([group, specs]) => `${paint('bold', family === '' ? group : `chorus ${family}`)}\n${specs.map(line).join('')}`,
    )
  if (family !== '')
    return `${sections.join('\n')}\n${paint('dim', `Run "chorus ${family} COMMAND --help" for options and examples.`)}\n`
  return [
    `${paint('bold', 'chorus')}: configuration management without a master.\n`,
    ...sections,
    `${paint('bold', 'Everywhere')}\n  --json         print JSON\n  --state DIR    use this node's state folder (or set CHORUS_STATE)\n`,
    paint(
      'dim',
      `${wrap('Run "chorus COMMAND --help" for options and examples. Exit codes: 0 done or converged, 1 error, 2 usage, 3 not converged, 4 no daemon. New here? "chorus demo" runs five peers on this machine.', columns)}\n`,
    ),
  ].join('\n')
}

/** `chorus COMMAND --help`. */
export function helpText(spec: CommandSpec, world: { readonly paint: Paint; readonly columns: number }): string {
  const { paint } = world
  const options = spec.options ?? []
  const parts = [
    `${paint('bold', `chorus ${usage(spec)}`)}${options.length > 0 ? ' [options]' : ''}\n\n${wrap(`${spec.summary}.`, world.columns)}\n`,
  ]
  if (spec.details !== undefined) parts.push(`${wrap(spec.details, world.columns)}\n`)
  const args = spec.args ?? []
  if (args.length > 0)
    parts.push(
      section(
        paint,
        'Arguments',
        args.map((arg) => [arg.name, arg.help]),
        world.columns,
      ),
    )
  if (options.length > 0) parts.push(section(paint, 'Options', options.map(optionLine), world.columns))
  parts.push(
    section(
      paint,
      'Everywhere',
      [
        ['--json', 'print JSON'],
        ['--state DIR', "use this node's state folder"],
        ['-h, --help', 'show this help'],
      ],
      world.columns,
    ),
  )
  parts.push(
    `${paint('bold', 'Examples')}\n${spec.examples.map(([line, what]) => `  ${paint('dim', `# ${what}`)}\n  chorus ${line}\n`).join('')}`,
  )
  return parts.join('\n')
}

const usage = (spec: CommandSpec): string => [spec.name, ...(spec.args ?? []).map((arg) => arg.name)].join(' ')

function optionLine(option: OptionSpec): readonly [string, string] {
  const repeat = option.many === true ? ' (repeatable)' : ''
  const choices = option.choices === undefined ? '' : ` (${option.choices.join(', ')})`
  return [option.flags.replaceAll(/[<>]/g, ''), `${option.help}${choices}${repeat}`]
}

function section(paint: Paint, title: string, lines: readonly (readonly [string, string])[], columns: number): string {
  const wide = Math.max(...lines.map(([name]) => name.length))
  const indent = wide + 4
  const body = lines.map(
    ([name, help]) =>
      `  ${name.padEnd(wide)}  ${wrap(help, columns - indent).replaceAll('\n', `\n${' '.repeat(indent)}`)}\n`,
  )
  return `${paint('bold', title)}\n${body.join('')}`
}

/** Breaks paragraphs at blanks; lines of at least 40 and at most 100 columns read best. */
function wrap(text: string, columns: number): string {
  const most = Math.min(100, Math.max(40, columns))
  return text
    .split('\n')
    .map((paragraph) => {
      const lines: string[] = []
      let line = ''
      for (const word of paragraph.split(' ')) {
        if (line !== '' && width(line) + 1 + width(word) > most) {
          lines.push(line)
          line = word
        } else line = line === '' ? word : `${line} ${word}`
      }
      return [...lines, line].join('\n')
    })
    .join('\n')
}
