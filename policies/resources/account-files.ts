import type { HostPort } from '../host.ts'
import { LIMITS } from '../limits.ts'

export interface UserLine {
  readonly name: string
  readonly uid: number
  readonly gid: number
  readonly comment: string
  readonly home: string
  readonly shell: string
}

export interface GroupLine {
  readonly name: string
  readonly gid: number
  readonly members: readonly string[]
}

export interface ShadowLine {
  /** With the marks of a locked password (`!`) before it. */
  readonly hash: string
  /** Day since 1970 on which the account ends; null: never. */
  readonly expires: number | null
}

/** The accounts of this host itself, by name; those of directories (LDAP) are not here. */
export function usersOf(host: HostPort): ReadonlyMap<string, UserLine> {
  return tableOf(host, '/etc/passwd', ([name = '', , uid, gid, comment = '', home = '', shell = '']) => ({
    name,
    uid: Number(uid),
    gid: Number(gid),
    comment,
    home,
    shell,
  }))
}

export function groupsOf(host: HostPort): ReadonlyMap<string, GroupLine> {
  return tableOf(host, '/etc/group', ([name = '', , gid, members = '']) => ({
    name,
    gid: Number(gid),
    members: members.split(',').filter((member) => member !== ''),
  }))
}

export function shadowOf(host: HostPort, name: string): ShadowLine | undefined {
  const lines = tableOf(host, '/etc/shadow', ([, hash = '', , , , , , expires = '']) => ({
    hash,
    expires: expires === '' ? null : Number(expires),
  }))
  return lines.get(name)
}

/** A file of lines with colons between their fields, by the first field. */
function tableOf<T>(host: HostPort, path: string, read: (fields: readonly string[]) => T): Map<string, T> {
  const table = new Map<string, T>()
  if (host.lstat(path) === null) return table
  for (const line of new TextDecoder().decode(host.readFile(path, LIMITS.tableBytes)).split('\n')) {
    const fields = line.split(':')
    const [name = ''] = fields
    if (fields.length >= 3 && !table.has(name)) table.set(name, read(fields))
  }
  return table
}

/** Days from 1970-01-01 to a date of the Gregorian calendar (Howard Hinnant, days_from_civil). */
export function daysSince1970(date: string): number {
  const [year = 1970, month = 1, day = 1] = date.split('-').map(Number)
  const y = month <= 2 ? year - 1 : year
  const era = Math.floor(y / 400)
  const yearOfEra = y - era * 400
  const dayOfYear = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + day - 1
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear
  return era * 146_097 + dayOfEra - 719_468
}
