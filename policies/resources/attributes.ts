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

export const accountName = z.string().regex(/^[^\s:/-][^\s:/]*$/, 'must be the name or the number of an account')

function isHostPath(path: string): boolean {
  return path.startsWith('/') && !path.split('/').includes('..') && !/\p{Cc}/u.test(path) && path.isWellFormed()
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

/** Paths of the folders above, nearest first, without `/`. */
export function foldersAbove(path: string): string[] {
  const above: string[] = []
  for (let folder = folderOf(path); folder !== '/'; folder = folderOf(folder)) above.push(folder)
  return above
}
