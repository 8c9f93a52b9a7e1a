import { z } from 'zod'
import { LIMITS } from '../limits.ts'

/** Attributes that several types share, each with its one meaning, and what is computed from them. */

export const hostPath = z
  .string()
  .max(LIMITS.hostPathChars)
  .refine(isHostPath, 'must be an absolute path without `..`, as in /etc/motd')

export const octalMode = z.string().regex(/^0?[0-7]{3,4}$/, 'must be an octal mode in quotes, as in "0644"')

export const argv = z
  .array(z.string().refine((word) => !word.includes('\0'), 'must not have a zero byte'))
  .min(1)
  .max(LIMITS.argvWords)
  .refine((words) => words[0] !== '', 'must start with the name of a program')

/** For files of other programs, where a line is a command. */
export const oneLineArgv = argv.refine(
  (words) => !words.some((word) => /\p{Cc}/u.test(word)),
  'must not have control characters',
)

export const variables = z.record(
  z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'must be the name of a variable'),
  z.string().regex(/^[^\p{Cc}]*$/u, 'must be one line'),
)

export const accountName = z.string().regex(/^[^\s:/-][^\s:/]*$/, 'must be the name or the number of an account')

/** What a policy writes, or what a template or secret became. */
export const bytesOrText = z
  .custom<string | Uint8Array>((value) => typeof value === 'string' || value instanceof Uint8Array, 'must be a text')
  .meta({ type: 'string' })

/** A name that goes to a tool as one word: never an option. */
export const toolName = z
  .string()
  .max(LIMITS.nameChars)
  .regex(/^[A-Za-z0-9_][A-Za-z0-9_.+:@~-]*$/, 'must be a plain name that starts with a letter or digit')

export const duration = z.string().regex(/^[1-9][0-9]{0,6}(ms|s|m|h|d)$/, 'must be a duration, as in 30s, 10m or 1h')

const UNIT_MS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const

/** Milliseconds of `30s`, `10m`, `1h`. */
export function durationMs(text: string): number {
  const [, number = '0', unit = 's'] = /^(\d+)(ms|s|m|h|d)$/.exec(text) ?? []
  return Number(number) * UNIT_MS[unit as keyof typeof UNIT_MS]
}

// The same characters as \p{Cc}, which costs ten times as much for a thousand paths.
// oxlint-disable-next-line no-control-regex
const CONTROL = /[\0-\x1f\x7f-\x9f]/

function isHostPath(path: string): boolean {
  return path.startsWith('/') && !/\/\.\.(\/|$)/.test(path) && !CONTROL.test(path) && path.isWellFormed()
}

/** Without `//`, `.` and an ending `/`. */
export function cleanPath(path: string): string {
  if (!/\/\/|\/\.(\/|$)|.\/$/.test(path)) return path
  return `/${path
    .split('/')
    .filter((part) => part !== '' && part !== '.')
    .join('/')}`
}

export function parseMode(mode: string): number {
  return Number.parseInt(mode, 8)
}

export function formatMode(mode: number): string {
  return mode.toString(8).padStart(4, '0')
}

/** The folder that a path lies in; `/` lies in itself. */
export function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/')) || '/'
}

/** Claims of whatever may bring a program or folder: itself, and the folders that it lies in. Nothing for a name without a path. */
export function broughtBy(path: string | undefined): string[] {
  if (path?.startsWith('/') !== true) return []
  const clean = cleanPath(path)
  return [clean, ...foldersAbove(clean)].map((one) => `path:${one}`)
}

/** Paths of the folders above, nearest first, without `/`. */
export function foldersAbove(path: string): string[] {
  const above: string[] = []
  for (let folder = folderOf(path); folder !== '/'; folder = folderOf(folder)) above.push(folder)
  return above
}
