import { z } from 'zod'

/** How scenario files write amounts. Everything becomes a plain number: milliseconds, bytes, bytes a second, a share of one. */

const UNIT_MS: Readonly<Record<string, number>> = { us: 0.001, ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }
const UNIT_BYTES: Readonly<Record<string, number>> = { B: 1, KB: 1e3, MB: 1e6, GB: 1e9, KiB: 1024, MiB: 1024 ** 2 }
const UNIT_BITS: Readonly<Record<string, number>> = { bit: 1, kbit: 1e3, Mbit: 1e6, Gbit: 1e9 }
/** Longest time that a scenario may name: virtual time is counted in microseconds, and a year is longer than any question. */
const TIME_MAX_MS = 366 * 86_400_000

const NUMBER = String.raw`(\d{1,12}(?:\.\d{1,6})?)`
const TIME = new RegExp(`^(?:${NUMBER}(us|ms|s|m|h|d))+$`)

/** Milliseconds of `1h30m`, `12.5s`, `500us`; undefined for anything else, negative times too. */
export function parseTime(text: string): number | undefined {
  if (!TIME.test(text)) return undefined
  let total = 0
  for (const [, number, unit] of text.matchAll(new RegExp(`${NUMBER}(us|ms|s|m|h|d)`, 'g')))
    total += Number(number) * (UNIT_MS[unit ?? ''] ?? 0)
  return total <= TIME_MAX_MS ? total : undefined
}

/** A scalar with a unit: what the schema accepts, what a message asks for, and what it becomes. */
function scalar(wanted: string, parse: (text: string) => number | undefined): z.ZodType<number, string> {
  return z
    .string({ error: wanted })
    .refine((text) => parse(text) !== undefined, { error: wanted, abort: true })
    .transform((text) => parse(text) ?? 0)
    .meta({ wanted })
}

function unitParser(units: Readonly<Record<string, number>>, after = ''): (text: string) => number | undefined {
  const pattern = new RegExp(`^${NUMBER} ?(${Object.keys(units).join('|')})${after}$`)
  return (text) => {
    const found = pattern.exec(text)
    return found === null ? undefined : Number(found[1]) * (units[found[2] ?? ''] ?? 0)
  }
}

/** Milliseconds. */
export const duration = scalar('a time, as in 30s, 1m30s or 500us', parseTime)

/** Milliseconds, more than none. */
export const span = scalar('a time of more than zero, as in 30s or 2h', (text) => {
  const time = parseTime(text)
  return time === undefined || time === 0 ? undefined : time
})

/** Milliseconds ahead (positive) or behind: clocks may be wrong both ways. */
export const offset = scalar('a time with a sign, as in +2h or -30s', (text) => {
  const time = parseTime(text.replace(/^[-+]/, ''))
  return time === undefined ? undefined : text.startsWith('-') ? -time : time
})

/** 0 to 1. */
export const share = scalar('a share, as in 99% or 0.5%', (text) => {
  const found = /^(\d{1,3}(?:\.\d{1,6})?)%$/.exec(text)
  const value = Number(found?.[1])
  return found === null || value > 100 ? undefined : value / 100
})

/** Bytes. */
export const size = scalar('a size, as in 300B, 20KB or 1.5MB', unitParser(UNIT_BYTES))

/** Bytes a second. */
export const bitrate = scalar('a rate, as in 500kbit, 20Mbit or 1Gbit (a second)', (text) => {
  const bits = unitParser(UNIT_BITS, '(?:/s)?')(text)
  return bits === undefined || bits === 0 ? undefined : bits / 8
})

/** Expected times in an hour, of `1%/h`, `0.1%/d`. */
export const rate = scalar('a share for a time, as in 1%/h or 0.5%/d', (text) => {
  const found = /^(\d{1,3}(?:\.\d{1,6})?)%\/(h|d)$/.exec(text)
  return found === null ? undefined : Number(found[1]) / 100 / (found[2] === 'd' ? 24 : 1)
})

/** Milliseconds since midnight. */
export const timeOfDay = scalar('a time of day in quotes, as in "08:30"', (text) => {
  const found = /^([01]\d|2[0-3]):([0-5]\d)$/.exec(text)
  return found === null ? undefined : (Number(found[1]) * 60 + Number(found[2])) * 60_000
})

/** How long something takes: log-normal, by its median and the deviation of its logarithm; 0 is always the same. */
export interface Spread {
  readonly median: number
  readonly sigma: number
}

/** The 99th percentile of the normal distribution, in deviations. */
const Z99 = 2.3263

/** `40ms`, or `{median: 40ms, p99: 120ms}`. */
export const spread = z
  .union([
    duration,
    z
      .strictObject({ median: duration, p99: duration })
      .refine(({ median, p99 }) => median > 0 && p99 >= median, 'p99 must be at least the median, and both above zero'),
  ])
  .transform((value): Spread => {
    if (typeof value === 'number') return { median: value, sigma: 0 }
    return { median: value.median, sigma: Math.log(value.p99 / value.median) / Z99 }
  })
  .meta({ wanted: 'a time (40ms), or {median: 40ms, p99: 120ms}' })
