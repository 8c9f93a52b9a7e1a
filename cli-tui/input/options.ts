import { CliError } from '../errors.ts'

/** Typed reading of what commander parsed. Names are as typed, without dashes: `root-key`. */
export interface Options {
  flag(name: string): boolean
  text(name: string): string | undefined
  list(name: string): readonly string[]
  /** `30s`, `2h`, `1d`: milliseconds. */
  duration(name: string): number | undefined
  /** A whole number from 1 to 2^53-1. */
  count(name: string): number | undefined
  /** Repeated `key=value`. The last of a repeated key wins. */
  pairs(name: string): Readonly<Record<string, string>>
}

export function optionsOf(values: Readonly<Record<string, unknown>>): Options {
  const raw = (name: string): unknown => values[camel(name)]
  const text = (name: string): string | undefined => {
    const value = raw(name)
    return typeof value === 'string' ? value : undefined
  }
  const list = (name: string): readonly string[] => {
    const value = raw(name)
    return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : []
  }
  return {
    flag: (name) => raw(name) === true,
    text,
    list,
    duration: (name) => {
      const value = text(name)
      return value === undefined ? undefined : parseDuration(value, `--${name}`)
    },
    count: (name) => {
      const value = text(name)
      if (value === undefined) return undefined
      const number = Number(value)
      if (!/^\d+$/.test(value) || number < 1 || !Number.isSafeInteger(number))
        throw new CliError('E_USAGE', `--${name} wants a whole number of at least 1, not "${value}"`)
      return number
    },
    pairs: (name) => parsePairs(list(name), `--${name}`),
  }
}

const camel = (name: string): string => name.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase())

const UNIT_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
}

/** `90s`, `1h30m`, `2d`; a bare number is refused, because its unit would be a guess. */
export function parseDuration(value: string, what: string): number {
  const wanted = new CliError('E_USAGE', `${what} wants a duration such as 30s, 5m, 2h or 1d, not "${value}"`)
  if (!/^(\d+(ms|s|m|h|d|w))+$/.test(value)) throw wanted
  let total = 0
  for (const [, number, unit] of value.matchAll(/(\d+)(ms|s|m|h|d|w)/g))
    total += Number(number) * (UNIT_MS[unit ?? ''] ?? Number.NaN)
  if (!Number.isSafeInteger(total) || total <= 0) throw wanted
  return total
}

export function parsePairs(items: readonly string[], what: string): Readonly<Record<string, string>> {
  const pairs: Record<string, string> = Object.create(null)
  for (const item of items) {
    const equals = item.indexOf('=')
    if (equals < 1) throw new CliError('E_USAGE', `${what} wants KEY=VALUE, not "${item}"`)
    const key = item.slice(0, equals)
    if (key === '__proto__') throw new CliError('E_USAGE', `${what} cannot use the key "__proto__"`)
    pairs[key] = item.slice(equals + 1)
  }
  return { ...pairs }
}
