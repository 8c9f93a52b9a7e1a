import { z } from 'zod'
import { HostError, type HostPort } from '../host.ts'

/** Attributes that several types share, each with its one meaning. */

export const absolutePath = z
  .string()
  .refine(isCleanPath, 'an absolute path without "..", "." or a trailing slash, as in /etc/motd')

export const octalMode = z.string().regex(/^0?[0-7]{3,4}$/, 'an octal mode in quotes, as in "0644"')

export const argv = z.array(z.string()).min(1).max(1000)

/** Absolute, normalised, without control characters, at most PATH_MAX. */
export function isCleanPath(path: string): boolean {
  if (!path.startsWith('/') || path.length > 4096 || /\p{Cc}/u.test(path)) return false
  return path
    .split('/')
    .slice(1)
    .every((part) => part !== '' && part !== '.' && part !== '..')
}

export function parseMode(mode: string): number {
  return Number.parseInt(mode, 8)
}

export function formatMode(mode: number): string {
  return mode.toString(8).padStart(4, '0')
}

/** Paths of the directories above, nearest first, without `/`. */
export function parentsOf(path: string): string[] {
  const parts = path.split('/').slice(1)
  return parts.slice(0, -1).map((_, i) => `/${parts.slice(0, parts.length - 1 - i).join('/')}`)
}

export function directoryOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/')) || '/'
}

/** @throws HostError E_NO_USER */
export function userIdOf(host: HostPort, owner: string): number {
  const id = host.userId(owner)
  if (id === null)
    throw new HostError(
      'E_NO_USER',
      `the user '${owner}' does not exist on this host; create it first or correct the name`,
    )
  return id
}

/** @throws HostError E_NO_USER */
export function groupIdOf(host: HostPort, group: string): number {
  const id = host.groupId(group)
  if (id === null)
    throw new HostError(
      'E_NO_USER',
      `the group '${group}' does not exist on this host; create it first or correct the name`,
    )
  return id
}
