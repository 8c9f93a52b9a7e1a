import { createHash } from 'node:crypto'
import {
  appendFileSync,
  closeSync,
  createReadStream,
  fstatSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  statSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { PolicyError, type Attributes, type BackupId } from '../../policies/index.ts'
import { HOST_LIMITS } from '../limits.ts'
import { hostError } from './errors.ts'

interface Kept {
  readonly bytes: number
  readonly atMs: number
}

/** What was overwritten, when, and under which id its content is. */
export interface BackupRecord extends Attributes {
  readonly at: number
  readonly path: string
  readonly id: BackupId
  readonly bytes: number
}

/** What a backup store holds, newest first. */
export function listBackups(dir: string): readonly BackupRecord[] {
  return new BackupStore(dir, false).list()
}

type Noted = Omit<BackupRecord, 'bytes'>

const NAME = /^[0-9a-f]{64}$/
const LOG = 'log.jsonl'

/** Contents that were overwritten, by their SHA-256, in a folder that only this user can enter. The oldest go first. */
export class BackupStore {
  readonly #dir: string
  readonly #durable: boolean
  #kept: Map<BackupId, Kept> | undefined
  #bytes = 0
  #logBytes = 0

  /** @param durable wait for the disk, since what is copied is about to be lost */
  constructor(dir: string, durable: boolean) {
    this.#dir = dir
    this.#durable = durable
  }

  /** Copies an open file, which this closes. null: it is over the limit. At once if it is small. */
  keep(fd: number, path: string, attributes: Attributes): BackupId | null | Promise<BackupId | null> {
    const { size } = fstatSync(fd)
    if (size > HOST_LIMITS.backupFileBytes) {
      closeSync(fd)
      return null
    }
    const note = (id: BackupId): BackupId => {
      this.#note({ at: Date.now(), path, id, ...attributes })
      return id
    }
    if (size > HOST_LIMITS.atOnceBytes) return this.#keepLarge(fd, path).then(note)
    try {
      return note(this.#keepSmall(readAll(fd, size)))
    } catch (error) {
      throw hostError(error, 'the backup of', path)
    } finally {
      closeSync(fd)
    }
  }

  /** The content, to be read to its end or closed. @throws PolicyError E_BACKUP */
  open(id: BackupId, path: string): { readonly fd: number; readonly bytes: number } {
    try {
      if (!NAME.test(id)) throw new Error('no such id')
      const fd = openSync(join(this.#dir, id), 'r')
      return { fd, bytes: fstatSync(fd).size }
    } catch {
      throw new PolicyError('E_BACKUP', `the backup store has no copy of ${path} any more`)
    }
  }

  /** Newest first. */
  list(): BackupRecord[] {
    const kept = this.#load()
    const records = readLog(join(this.#dir, LOG)).flatMap((line) => {
      try {
        // Written by #note alone; a line that a crash cut off does not parse.
        return [JSON.parse(line) as Noted]
      } catch {
        return []
      }
    })
    return records
      .flatMap((record) => {
        const copy = kept.get(record.id)
        return copy === undefined ? [] : [{ ...record, bytes: copy.bytes }]
      })
      .reverse()
  }

  #keepSmall(content: Uint8Array): BackupId {
    const id = createHash('sha256').update(content).digest('hex')
    if (this.#touch(id)) return id
    const temporary = join(this.#dir, `.${id}`)
    const fd = openSync(temporary, 'w', 0o600)
    try {
      for (let at = 0; at < content.length;) at += writeSync(fd, content, at)
      if (this.#durable) fsyncSync(fd)
    } finally {
      closeSync(fd)
    }
    this.#add(temporary, id, content.length)
    return id
  }

  async #keepLarge(fd: number, path: string): Promise<BackupId> {
    this.#load()
    const hash = createHash('sha256')
    const temporary = join(this.#dir, `.large-${process.pid}-${fd}`)
    try {
      const copy = await open(temporary, 'w', 0o600)
      let bytes = 0
      try {
        // The stream closes the descriptor.
        for await (const part of createReadStream('', { fd, highWaterMark: 1 << 18 })) {
          const piece: Uint8Array = part
          hash.update(piece)
          bytes += piece.length
          await copy.writeFile(piece)
        }
        if (this.#durable) await copy.sync()
      } finally {
        await copy.close()
      }
      const id = hash.digest('hex')
      if (this.#touch(id)) unlinkSync(temporary)
      else this.#add(temporary, id, bytes)
      return id
    } catch (error) {
      throw hostError(error, 'the backup of', path)
    }
  }

  /** Whether the content is there already; it then counts as new. */
  #touch(id: BackupId): boolean {
    const kept = this.#load().get(id)
    if (kept === undefined) return false
    const now = new Date()
    try {
      utimesSync(join(this.#dir, id), now, now)
    } catch {
      this.#forget(id)
      return false
    }
    this.#kept?.delete(id)
    this.#kept?.set(id, { bytes: kept.bytes, atMs: now.getTime() })
    return true
  }

  #add(temporary: string, id: BackupId, bytes: number): void {
    renameSync(temporary, join(this.#dir, id))
    const kept = this.#load()
    kept.set(id, { bytes, atMs: Date.now() })
    this.#bytes += bytes
    for (const [oldest] of kept) {
      if (kept.size <= HOST_LIMITS.backupFiles && this.#bytes <= HOST_LIMITS.backupBytes) break
      if (oldest === id) continue
      unlinkSync(join(this.#dir, oldest))
      this.#forget(oldest)
    }
  }

  #forget(id: BackupId): void {
    this.#bytes -= this.#kept?.get(id)?.bytes ?? 0
    this.#kept?.delete(id)
  }

  /** Reads the folder once; leftovers of a crash go. */
  #load(): Map<BackupId, Kept> {
    if (this.#kept !== undefined) return this.#kept
    mkdirSync(this.#dir, { recursive: true, mode: 0o700 })
    const found: [BackupId, Kept][] = []
    for (const name of readdirSync(this.#dir)) {
      const path = join(this.#dir, name)
      if (NAME.test(name)) {
        const { size, mtimeMs } = statSync(path)
        found.push([name, { bytes: size, atMs: mtimeMs }])
      } else if (name.startsWith('.')) unlinkSync(path)
      else if (name === LOG) this.#logBytes = statSync(path).size
    }
    this.#kept = new Map(found.sort(([, a], [, b]) => a.atMs - b.atMs))
    this.#bytes = found.reduce((sum, [, { bytes }]) => sum + bytes, 0)
    return this.#kept
  }

  #note(record: Noted): void {
    const log = join(this.#dir, LOG)
    const line = `${JSON.stringify(record)}\n`
    if (this.#logBytes + line.length > HOST_LIMITS.backupLogBytes) {
      const lines = readLog(log)
      const half = `${lines.slice(lines.length >> 1).join('\n')}\n`
      writeFileSync(`${log}.new`, half, { mode: 0o600 })
      renameSync(`${log}.new`, log)
      this.#logBytes = half.length
    }
    appendFileSync(log, line, { mode: 0o600 })
    this.#logBytes += line.length
  }
}

function readLog(path: string): string[] {
  try {
    return readFileSync(path, 'utf8').split('\n').filter(Boolean)
  } catch {
    return []
  }
}

/** Up to `size` bytes; fewer if the file was cut short meanwhile. */
export function readAll(fd: number, size: number): Uint8Array {
  const bytes = Buffer.allocUnsafe(size)
  let at = 0
  while (at < size) {
    const read = readSync(fd, bytes, at, size - at, null)
    if (read === 0) break
    at += read
  }
  return at === size ? bytes : bytes.subarray(0, at)
}
