import type { Unit } from './metrics.ts'

/** Figures in the words of reports: the same on the terminal and on the page. */

export function msText(ms: number | null): string {
  if (ms === null) return '-'
  if (ms < 10) return `${trim(ms, 2)} ms`
  if (ms < 1000) return `${Math.round(ms)} ms`
  if (ms < 120_000) return `${trim(ms / 1000, 2)} s`
  if (ms < 7_200_000) return `${trim(ms / 60_000, 1)} min`
  return `${trim(ms / 3_600_000, 1)} h`
}

export function bytesText(bytes: number | null): string {
  if (bytes === null) return '-'
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  let value = bytes
  let unit = 0
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000
    unit++
  }
  return `${trim(value, unit === 0 ? 0 : 1)} ${units[unit]}`
}

export const shareText = (share: number): string => {
  const percent = share * 100
  // What is not everything must not look like it.
  const digits = percent > 99 && percent < 100 ? 3 : 1
  return `${Math.floor(percent * 10 ** digits) / 10 ** digits}%`
}

export const countText = (count: number): string =>
  Number.isInteger(count) ? count.toLocaleString('en-US') : trim(count, 2)

export function figureText(value: number | null, unit: Unit): string {
  if (value === null) return '-'
  return { ms: msText, share: shareText, bytes: bytesText, count: countText }[unit](value)
}

function trim(value: number, digits: number): string {
  return `${Number(value.toFixed(digits))}`
}
