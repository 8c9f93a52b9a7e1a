import { existsSync, readFileSync } from 'node:fs'
import { SECTIONS } from './sections.ts'
import type { Row } from './sections.ts'

/**
 * docs/performance.md with the figures of bench/results/ between the marks of each section.
 * @throws Error a section has no place in it
 */
export function filled(page: string): string {
  let text = page
  for (const { bench, rows } of SECTIONS) {
    const marks = new RegExp(`(<!-- figures: ${bench} -->\n)[^]*?(<!-- end -->)`)
    if (!marks.test(text))
      throw new Error(`The page has no place for ${bench}: add "<!-- figures: ${bench} -->" and "<!-- end -->".`)
    text = text.replace(marks, (_, begin: string, end: string) => `${begin}${table(bench, rows)}${end}`)
  }
  return text
}

function table(bench: string, rows: readonly Row[]): string {
  const file = `bench/results/${bench}.json`
  if (!existsSync(file)) return `\nNot measured yet: \`npm run bench:${bench}\`.\n\n`
  const result: unknown = JSON.parse(readFileSync(file, 'utf8'))
  const lines = rows.flatMap(({ what, path, unit, aim }) => {
    const value = at(result, path)
    return value === undefined ? [] : [`| ${what} | ${shown(value, unit)} | ${aim ?? ''} |`]
  })
  const on = `Measured at commit ${shown(at(result, 'commit'))} on ${shown(at(result, 'machine.cores'))} cores (${shown(at(result, 'machine.cpu'))}), Node ${shown(at(result, 'machine.node'))}.`
  return ['', '| figure | measured | aim |', '| --- | --- | --- |', ...lines, '', on, '', ''].join('\n')
}

/** `nodes=1000`: the line of a list in which that is so. */
function lineOf(lines: readonly unknown[], part: string): unknown {
  const [name = '', is] = part.split('=')
  return lines.find((line) => String(at(line, name)) === is)
}

/** Names joined by dots; what a slash parts may hold dots itself. */
function at(value: unknown, path: string): unknown {
  let found: unknown = value
  for (const name of path.split('/')) {
    for (const part of name.split('.')) {
      if (typeof found !== 'object' || found === null) return undefined
      found =
        Array.isArray(found) && part.includes('=') ? lineOf(found, part) : new Map(Object.entries(found)).get(part)
    }
  }
  return found
}

/** A number (a share, if the unit is %), or the median and the 99th percentile of a sample. */
function shown(value: unknown, unit = ''): string {
  if (typeof value === 'number' && unit === '%') return `${rounded(value * 100)} %`
  if (typeof value === 'number') return `${rounded(value)}${unit === '' ? '' : ` ${unit}`}`
  if (typeof value === 'object' && value !== null && 'p50' in value && 'p99' in value && 'n' in value) {
    const spread = value.n === 1 ? '' : ` (p99 ${shown(value.p99)}, n ${shown(value.n)})`
    return `${shown(value.p50, unit)}${spread}`
  }
  return typeof value === 'string' || typeof value === 'boolean' ? String(value) : 'none'
}

function rounded(value: number): string {
  const digits = Math.abs(value) >= 100 || Number.isInteger(value) ? 0 : Math.abs(value) >= 10 ? 1 : 2
  return value.toLocaleString('en-US', { maximumFractionDigits: digits })
}
