import { statSync } from 'node:fs'
import { STORE_LIMITS } from '../limits.ts'
import { createBook } from './book.ts'
import { SqliteDatastore } from './datastore.ts'
import { openDatabase, openRelaxed, storeError } from './sqlite.ts'
import type { Store } from './types.ts'

export interface StoreOptions {
  /** Path of the SQLite file; its folder exists. */
  readonly file: string
  /** This machine's id, remembered to notice a copied folder; null where there is none. */
  readonly machineId: string | null
  /** Bytes that the file may grow to; beyond it a batch fails like on a full disk. @default STORE_LIMITS.databaseBytes */
  readonly maxBytes?: number
}

/**
 * Opens or makes a node's store. One at a time: the state folder's lock sees to that.
 * @throws NodeError E_STATE_NEWER, E_STATE, E_NO_SPACE, E_STORE_IO
 */
export function openStore({ file, machineId, maxBytes = STORE_LIMITS.databaseBytes }: StoreOptions): Store {
  const db = openDatabase(file, maxBytes)
  const relaxed = openRelaxed(file)

  function guarded<T>(work: () => T): T {
    try {
      return work()
    } catch (error) {
      throw storeError(error, file)
    }
  }

  const getMeta = db.prepare('SELECT value FROM meta WHERE name = ?')
  const setMeta = db.prepare(
    'INSERT INTO meta (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value',
  )
  const addRecord = db.prepare('INSERT INTO records (id, bytes) VALUES (?, ?) ON CONFLICT (id) DO NOTHING')
  const dropRecord = db.prepare('DELETE FROM records WHERE id = ?')
  const allRecords = db.prepare('SELECT bytes FROM records ORDER BY seq')

  const meta: Store['meta'] = {
    get(name) {
      const row = guarded(() => getMeta.get(name))
      const value: unknown = typeof row?.value === 'string' ? JSON.parse(row.value) : undefined
      return value
    },
    set(name, value) {
      guarded(() => setMeta.run(name, JSON.stringify(value)))
    },
  }

  function persist(batch: Parameters<Store['persist']>[0]): void {
    guarded(() => {
      db.exec('BEGIN IMMEDIATE')
      try {
        for (const { id, bytes } of batch.records) addRecord.run(id, bytes)
        for (const id of batch.drop) dropRecord.run(id)
        if (batch.local !== null) setMeta.run(LOCAL, JSON.stringify(batch.local))
        db.exec('COMMIT')
      } catch (error) {
        // SQLite rolls back by itself after some errors; the first error is the one that matters.
        if (db.isTransaction) db.exec('ROLLBACK')
        throw error
      }
    })
  }

  return {
    hints: { clonedFrom: rememberMachine(meta, machineId) },
    load() {
      const rows = guarded(() => allRecords.all())
      return { records: rows.map((row) => bytesOf(row.bytes)), local: meta.get(LOCAL) ?? null }
    },
    persist,
    meta,
    book: createBook(relaxed),
    datastore: new SqliteDatastore(relaxed),
    size() {
      return [file, `${file}-wal`].reduce(
        (sum, path) => sum + (statSync(path, { throwIfNoEntry: false })?.size ?? 0),
        0,
      )
    },
    close() {
      relaxed.close()
      db.close()
    },
  }
}

const LOCAL = 'local'
const MACHINE = 'machine-id'

/** Remembers the first machine; gives its id if this one is another. The operator who moved a node calls `adopt`. */
function rememberMachine(meta: Store['meta'], machineId: string | null): string | null {
  const before = meta.get(MACHINE)
  if (typeof before !== 'string') {
    if (machineId !== null) meta.set(MACHINE, machineId)
    return null
  }
  return machineId !== null && before !== machineId ? before : null
}

/** Says that the folder was moved to this machine on purpose (the old one is gone). */
export function adoptMachine(store: Store, machineId: string): void {
  store.meta.set(MACHINE, machineId)
}

function bytesOf(value: unknown): Uint8Array {
  return value instanceof Uint8Array ? value : new Uint8Array()
}
