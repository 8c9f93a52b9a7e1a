import type { Value } from '../../policies/index.ts'
import { CliError } from '../errors.ts'

/** `--set port=8443`: the value is JSON where it reads as JSON (numbers, true, lists, maps), else text. */
export function parseSets(pairs: Readonly<Record<string, string>>): Readonly<Record<string, Value>> {
  return Object.fromEntries(Object.entries(pairs).map(([name, text]) => [name, valueOf(name, text)]))
}

function valueOf(name: string, text: string): Value {
  if (/^\s*[[{"]/.test(text)) {
    try {
      return JSON.parse(text)
    } catch {
      throw new CliError(
        'E_USAGE',
        `--set ${name}=... looks like JSON and is none; quote it for the shell, or write plain text`,
      )
    }
  }
  if (text === 'true' || text === 'false') return text === 'true'
  if (text === 'null') return null
  const number = Number(text)
  if (/^-?\d+(\.\d+)?$/.test(text) && String(number) === text) return number
  return text
}
