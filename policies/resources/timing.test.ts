import { describe, expect, it } from 'vitest'
import { describeSchedule, isWithin, msOf, pacingOf, schedule } from './timing.ts'

const at = (day: number, time: string) => ({ day, minute: Number(time.slice(0, 2)) * 60 + Number(time.slice(3)) })
const windowOf = (text: object) => {
  const { schedule: window } = pacingOf({ schedule: schedule.parse(text) })
  if (window === undefined) throw new Error('no window')
  return window
}

describe('a schedule', () => {
  it('past midnight belongs to the day on which it begins', () => {
    const window = windowOf({ from: '22:00', to: '05:00', days: ['sat'] })
    expect(describeSchedule(window)).toBe('22:00 to 05:00 on sat')
    expect(isWithin(window, at(6, '21:59'))).toBe(false)
    expect(isWithin(window, at(6, '22:00'))).toBe(true)
    expect(isWithin(window, at(0, '04:59'))).toBe(true)
    expect(isWithin(window, at(0, '05:00'))).toBe(false)
    expect(isWithin(window, at(6, '04:00'))).toBe(false)
  })

  it('of days alone lasts the whole day', () => {
    const window = windowOf({ days: ['sun', 'mon'] })
    expect([0, 1, 2].map((day) => isWithin(window, at(day, '00:00')))).toEqual([true, true, false])
  })

  it('within a day has a beginning and an end', () => {
    const window = windowOf({ from: '09:00', to: '17:00' })
    expect(['08:59', '09:00', '16:59', '17:00'].map((time) => isWithin(window, at(3, time)))).toEqual([
      false,
      true,
      true,
      false,
    ])
  })
})

it('Durations have units; numbers are seconds', () => {
  expect(['500ms', '30s', '10m', '1h', 90].map(msOf)).toEqual([500, 30_000, 600_000, 3_600_000, 90_000])
  expect(pacingOf({ retries: 2, delay: '5s', timeout: 60 })).toEqual({ retries: 2, delayMs: 5000, timeoutMs: 60_000 })
})
