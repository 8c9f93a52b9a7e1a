import { spawnSync } from 'node:child_process'
import { readFileSync, statSync } from 'node:fs'
import { HOST_LIMITS } from '../limits.ts'

interface Accounts {
  readonly ids: ReadonlyMap<string, number>
  readonly names: ReadonlyMap<number, string>
  readonly stamp: string
}

export interface Account {
  readonly uid: number
  readonly gid: number
  readonly home: string
}

/** Users or groups: the file in /etc first, then whatever else the system knows (`getent`: LDAP, SSSD). */
export class AccountTable {
  readonly #file: string
  readonly #database: 'passwd' | 'group'
  #known: Accounts = { ids: new Map(), names: new Map(), stamp: '' }
  /** Answers of getent, also empty ones, with the time until which they count. */
  readonly #asked = new Map<string, { readonly line: string | null; readonly untilMs: number }>()

  constructor(database: 'passwd' | 'group', file = `/etc/${database}`) {
    this.#database = database
    this.#file = file
  }

  idOf(name: string): number | null {
    const id = this.#read().ids.get(name)
    if (id !== undefined) return id
    const line = this.#getent(name)
    return line === null ? null : numberIn(line, 2)
  }

  nameOf(id: number): string {
    return this.#read().names.get(id) ?? this.#getent(String(id))?.split(':')[0] ?? String(id)
  }

  /** Of a user: its primary group and home folder. */
  account(name: string): Account | null {
    this.#read()
    const line = this.#lines.get(name) ?? this.#getent(name)
    const parts = line?.split(':')
    if (line === null || line === undefined || parts === undefined) return null
    const [uid, gid] = [numberIn(line, 2), numberIn(line, 3)]
    return uid === null || gid === null ? null : { uid, gid, home: parts[5] || '/' }
  }

  #lines: ReadonlyMap<string, string> = new Map()

  #read(): Accounts {
    const stat = statSync(this.#file, { throwIfNoEntry: false })
    const stamp = stat === undefined ? 'none' : `${stat.ino} ${stat.size} ${stat.ctimeMs}`
    if (stamp === this.#known.stamp) return this.#known
    const ids = new Map<string, number>()
    const names = new Map<number, string>()
    const lines = new Map<string, string>()
    const text = stat === undefined || stat.size > HOST_LIMITS.accountBytes ? '' : readFileSync(this.#file, 'utf8')
    for (const line of text.split('\n')) {
      const name = line.slice(0, Math.max(0, line.indexOf(':')))
      const id = numberIn(line, 2)
      if (name === '' || id === null) continue
      if (!ids.has(name)) ids.set(name, id)
      if (!names.has(id)) names.set(id, name)
      if (!lines.has(name)) lines.set(name, line)
    }
    this.#lines = lines
    this.#known = { ids, names, stamp }
    this.#asked.clear()
    return this.#known
  }

  #getent(key: string): string | null {
    const now = Date.now()
    const known = this.#asked.get(key)
    if (known !== undefined && now < known.untilMs) return known.line
    if (key.startsWith('-')) return null
    const result = spawnSync('getent', [this.#database, key], {
      encoding: 'utf8',
      timeout: HOST_LIMITS.getentMs,
      maxBuffer: HOST_LIMITS.accountBytes,
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    const line = result.status === 0 ? (result.stdout.split('\n')[0] ?? '') : ''
    const answer = line.includes(':') ? line : null
    this.#asked.set(key, { line: answer, untilMs: now + HOST_LIMITS.accountsMs })
    return answer
  }
}

function numberIn(line: string, field: number): number | null {
  const text = line.split(':')[field] ?? ''
  return /^\d{1,10}$/.test(text) ? Number(text) : null
}
