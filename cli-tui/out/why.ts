import type { PolicyWhy, ResourceFound, WhyOutput } from '../commands/why.ts'
import { stateText } from './health.ts'
import type { Paint } from './paint.ts'
import { safe } from './text.ts'
import { termText, valueText } from './terms.ts'

/** What `chorus why` prints for people. */
export function whyText(data: WhyOutput, paint: Paint): string {
  const labels = Object.entries(data.node.labels).map(([name, value]) => `${name}=${value}`)
  const head = `${paint('bold', safe(data.node.name))}  ${stateText(paint, data.state)}  ${paint('dim', safe(labels.join(' ')))}\n`
  const hold = data.hold === null ? '' : `${paint('magenta', 'on hold:')} ${safe(data.hold)}\n`
  if (data.resource !== null)
    return (
      head + hold + data.resource.found.map((found) => resourceText(paint, data.resource?.key ?? '', found)).join('')
    )
  if (data.policies.length === 0) return `${head}${hold}No policy is known here.\n`
  return head + hold + data.policies.map((policy) => policyText(paint, policy)).join('')
}

function policyText(paint: Paint, one: PolicyWhy): string {
  const version = one.seq === null ? '' : `@${one.seq}`
  const by = one.author === null ? '' : paint('dim', `  by ${safe(one.author)}`)
  const verdict = one.verdict.startsWith('in force')
    ? paint(one.state === 'ok' ? 'green' : 'yellow', one.verdict)
    : paint('yellow', safe(one.verdict))
  const select = one.select === null ? '' : termText(paint, one.select)
  const waiting = one.waiting.map(({ key, reason }) => `    ${paint('bold', safe(key))} ${safe(reason)}\n`)
  const errors = one.errors.map(({ code, message }) => `    ${paint('red', code)} ${safe(message)}\n`)
  return `\n${paint('bold', `${safe(one.policy)}${version}`)}  ${verdict}${by}\n${select}${waiting.join('')}${errors.join('')}`
}

function resourceText(paint: Paint, key: string, found: ResourceFound): string {
  const state =
    found.state === null
      ? found.present
        ? 'wanted'
        : paint('yellow', 'not wanted here')
      : stateText(paint, found.state)
  const lines = [
    `\n${paint('bold', safe(found.policy))}  ${safe(key)}  ${state}${found.reason === '' ? '' : `  ${safe(found.reason)}`}\n`,
  ]
  if (found.written !== key) lines.push(`  ${paint('dim', 'written as')} ${safe(found.written)}\n`)
  if (found.when !== null) lines.push(`  ${paint('dim', 'when')}\n`, termText(paint, found.when))
  for (const { attr, written, origins } of found.attributes) {
    lines.push(`  ${attr}: ${safe(valueText(written))}\n`)
    for (const { name, value, from } of origins) {
      const is = value === null ? '' : ` = ${safe(short(valueText(value)))}`
      lines.push(paint('dim', `      ${safe(name)}${is}${from === null ? '' : `   from ${safe(from)}`}`), '\n')
    }
  }
  for (const { claim, winner, other, equal } of found.claims) {
    const rival = winner.policy === found.policy && winner.key === key ? other : winner
    const what = equal
      ? `claimed by ${rival.key} of ${rival.policy} too, which says the same: they are one`
      : `claimed by ${rival.key} of ${rival.policy} too, with other attributes; ${winner.policy} has it (priority, then name)`
    lines.push(`  ${paint(equal ? 'dim' : 'red', safe(`${claim.slice(claim.indexOf(':') + 1)} is ${what}`))}\n`)
  }
  return lines.join('')
}

const short = (text: string): string => (text.length > 100 ? `${text.slice(0, 99)}…` : text)
