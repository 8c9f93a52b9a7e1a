import { z } from 'zod'
import { LIMITS } from '../limits.ts'
import type { ResolvedResource, Schedule } from '../model.ts'

/** When, how often and how long: attributes of time that every resource takes. */

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }

export const duration = z.string().regex(/^[1-9][0-9]{0,6}(ms|s|m|h)$/, 'must be a duration, as in 30s, 10m or 1h')

const time = z.string().regex(/^([01][0-9]|2[0-3]):[0-5][0-9]$/, 'must be a time of the day in quotes, as in "22:00"')

const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] as const

export const schedule = z.strictObject({
  from: time.optional().describe('when it begins; midnight if nothing is said'),
  to: time.optional().describe('when it ends; before `from` it is on the next day'),
  days: z.array(z.enum(DAYS)).min(1).optional().describe('days on which it begins; every day if nothing is said'),
})

/** Milliseconds of a duration that its schema has let through, or of a number of seconds. */
export function msOf(text: string | number): number {
  if (typeof text === 'number') return text * 1000
  const [, count = '0', unit = 'ms'] = /^([0-9]+)(ms|s|m|h)$/.exec(text) ?? []
  return Number(count) * (UNITS[unit] ?? 1)
}

/** What a resource says of time, as the runner wants it. What is not said is left out. */
export function pacingOf(common: {
  readonly retries?: number | undefined
  readonly delay?: string | undefined
  readonly timeout?: string | number | undefined
  readonly schedule?: z.output<typeof schedule> | undefined
}): Pick<ResolvedResource, 'retries' | 'delayMs' | 'timeoutMs' | 'schedule'> {
  const { retries, delay, timeout } = common
  return {
    ...(retries === undefined ? {} : { retries }),
    ...(delay === undefined ? {} : { delayMs: Math.min(msOf(delay), LIMITS.delayMaxMs) }),
    ...(timeout === undefined ? {} : { timeoutMs: Math.min(msOf(timeout), LIMITS.execTimeoutMaxMs) }),
    ...(common.schedule === undefined ? {} : { schedule: windowOf(common.schedule) }),
  }
}

function windowOf({ from = '00:00', to = '00:00', days }: z.output<typeof schedule>): Schedule {
  const minutes = (text: string): number => Number(text.slice(0, 2)) * 60 + Number(text.slice(3))
  const window = { fromMinute: minutes(from), toMinute: minutes(to) }
  return days === undefined ? window : { ...window, days: days.map((day) => DAYS.indexOf(day)) }
}

/** A moment of the host's own day. */
export interface DayTime {
  /** 0 for Sunday. */
  readonly day: number
  readonly minute: number
}

/** Whether the moment lies in the window. */
export function isWithin({ fromMinute, toMinute, days }: Schedule, { day, minute }: DayTime): boolean {
  const on = (which: number): boolean => days === undefined || days.includes((which + 7) % 7)
  if (fromMinute === toMinute) return on(day)
  if (fromMinute < toMinute) return on(day) && minute >= fromMinute && minute < toMinute
  return (on(day) && minute >= fromMinute) || (on(day - 1) && minute < toMinute)
}

/** As people read it: `22:00 to 05:00 on sat, sun`. */
export function describeSchedule({ fromMinute, toMinute, days }: Schedule): string {
  const text = (minutes: number): string =>
    `${String(Math.floor(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`
  const hours = fromMinute === toMinute ? 'all day' : `${text(fromMinute)} to ${text(toMinute)}`
  return days === undefined ? hours : `${hours} on ${days.map((day) => DAYS[day] ?? '').join(', ')}`
}
