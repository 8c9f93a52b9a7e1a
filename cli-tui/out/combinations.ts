import type { Value } from '../../policies/index.ts'
import type { CombinationOutput, CombinationsOutput } from '../source/combinations.ts'
import type { Paint } from './paint.ts'
import { listed, plural, safe } from './text.ts'
import { valueText } from './terms.ts'

/** What a policy is on each kind of node, for people: what is the same everywhere is left out. */
export function fleetText(paint: Paint, { combinations, unclear, skipped }: CombinationsOutput): string {
  const differing = differingVars(combinations)
  const blocks = combinations.map((one) => combinationText(paint, one, differing))
  const rest = [
    ...unclear.map(
      ({ node, message }) => `${safe(node)} is not selected, because its select fails there: ${safe(message)}\n`,
    ),
    ...(skipped === 0 ? [] : [`${plural(skipped, 'more kind')} of nodes not looked at\n`]),
  ]
  return `${blocks.map((block) => `\n${block}`).join('')}${rest.join('')}`
}

function combinationText(paint: Paint, one: CombinationOutput, differing: readonly string[]): string {
  const labels = Object.entries(one.labels).map(([name, value]) => `${name}=${value}`)
  const title = labels.length === 0 ? '' : `${paint('bold', safe(labels.join(' ')))}  `
  const lines = [`${title}${listed(one.nodes.map((name) => safe(name)))}: ${plural(one.resources, 'resource')}`]
  const vars = differing.flatMap((name) =>
    one.vars !== null && Object.hasOwn(one.vars, name) ? [`${name} = ${short(one.vars[name])}`] : [],
  )
  if (vars.length > 0) lines.push(paint('dim', `  ${safe(vars.join(', '))}`))
  if (one.added.length > 0) lines.push(`  ${paint('green', '+ new')}       ${keys(one.added)}`)
  if (one.changed.length > 0) lines.push(`  ${paint('yellow', '~ other')}     ${keys(one.changed)}`)
  for (const [onRemove, says] of [
    ['undo', 'taken back'],
    ['leave', 'unmanaged, left as it is'],
  ] as const) {
    const gone = one.unmanaged.filter((item) => item.onRemove === onRemove).map(({ key }) => key)
    if (gone.length > 0) lines.push(`  ${paint('red', '- gone')}      ${keys(gone)} ${paint('dim', `(${says})`)}`)
  }
  if (one.waiting.length > 0) lines.push(`  ${paint('yellow', '… waiting')}   ${keys(one.waiting)}`)
  for (const { code, message } of one.errors) lines.push(`  ${paint('red', code)} ${safe(message)}`)
  for (const { claim, winner, other, equal, nodes } of one.claims) {
    const where = nodes.length === one.nodes.length ? '' : ` on ${listed(nodes.map((name) => safe(name)))}`
    const what = safe(claim.slice(claim.indexOf(':') + 1)) + where
    lines.push(
      equal
        ? paint('dim', `  ${what}: ${safe(winner.policy)} and ${safe(other.policy)} say the same`)
        : `  ${paint('red', '! conflict')}  ${what}: ${safe(winner.key)} of ${safe(winner.policy)} wins over ${safe(other.key)} of ${safe(other.policy)}`,
    )
  }
  return lines.map((line) => `${line}\n`).join('')
}

const keys = (all: readonly string[]): string =>
  listed(
    all.map((key) => safe(key)),
    12,
  )

/** Variables that are not the same on all of them. */
function differingVars(combinations: readonly CombinationOutput[]): readonly string[] {
  const names = new Set(combinations.flatMap(({ vars }) => Object.keys(vars ?? {})))
  return [...names]
    .filter((name) => new Set(combinations.map(({ vars }) => JSON.stringify(vars?.[name]))).size > 1)
    .sort()
}

function short(value: Value | undefined): string {
  const text = valueText(value)
  return text.length > 40 ? `${text.slice(0, 39)}…` : text
}
