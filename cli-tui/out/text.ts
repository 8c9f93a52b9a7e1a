import { stripVTControlCharacters } from 'node:util'

/**
 * Text that came from elsewhere (names, reasons, messages, diffs) must not steer the terminal: control characters become visible escapes.
 * Line feeds and tabs stay where `multiline` says so.
 */
export function safe(text: string, multiline = false): string {
  const pattern = multiline ? UNSAFE_LINES : UNSAFE
  return text.replace(pattern, (char) => `\\x${(char.codePointAt(0) ?? 0).toString(16).padStart(2, '0')}`)
}

// C0, DEL, C1, and the marks that reorder or hide text (bidirectional controls, zero width).
// oxlint-disable-next-line no-control-regex
const UNSAFE = /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g
// oxlint-disable-next-line no-control-regex
const UNSAFE_LINES = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g

/** Columns that a string takes, colours not counted; wide East Asian characters take two. */
export function width(text: string): number {
  let columns = 0
  for (const char of stripVTControlCharacters(text)) columns += WIDE.test(char) ? 2 : 1
  return columns
}
const WIDE =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}]/u

/** Cuts plain (uncoloured) text to `columns`, marking the cut. */
export function clip(text: string, columns: number): string {
  if (width(text) <= columns) return text
  let kept = ''
  for (const char of text) {
    if (width(kept) + width(char) > columns - 1) break
    kept += char
  }
  return `${kept}…`
}

export const plural = (count: number, one: string, many = `${one}s`): string => `${count} ${count === 1 ? one : many}`

/** `a, b and c`. */
export function listed(items: readonly string[], most = 8): string {
  const shown = items.length > most ? [...items.slice(0, most), `${items.length - most} more`] : [...items]
  if (shown.length < 2) return shown[0] ?? ''
  return `${shown.slice(0, -1).join(', ')} and ${shown.at(-1)}`
}

/** `1.5 KB`; decimal units, as disks and networks use. */
export function bytes(count: number): string {
  const units = ['B', 'KB', 'MB', 'GB', 'TB']
  let value = count
  let unit = 0
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000
    unit++
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`
}

/** `3s`, `12m`, `2h`, `5d`: the largest unit that fits. */
export function age(millis: number): string {
  const seconds = Math.max(0, Math.round(millis / 1000))
  if (seconds < 90) return `${seconds}s`
  if (seconds < 90 * 60) return `${Math.round(seconds / 60)}m`
  if (seconds < 36 * 3600) return `${Math.round(seconds / 3600)}h`
  return `${Math.round(seconds / 86_400)}d`
}

/** `2026-03-01 12:00:05Z`, the same everywhere. */
export function stamp(millis: number): string {
  const date = new Date(millis)
  if (Number.isNaN(date.getTime())) return `${millis}`
  return `${date.toISOString().slice(0, 19).replace('T', ' ')}Z`
}

/** Enough of a CID or key to recognise it: the tail, since CIDv1 strings share their first characters. */
export const short = (id: string): string => (id.length <= 12 ? id : id.slice(-10))
