import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { NotFoundError } from '@libp2p/interface'
import { BaseDatastore } from 'datastore-core'
import { Key } from 'interface-datastore'
import type { KeyQuery, Pair, Query } from 'interface-datastore'
import { STORE_LIMITS } from '../limits.ts'

/** libp2p's peer store and DHT records in SQLite. Bounded: the entries written longest ago fall out. */
export class SqliteDatastore extends BaseDatastore {
  readonly #max: number
  readonly #get: StatementSync
  readonly #put: StatementSync
  readonly #delete: StatementSync
  readonly #count: StatementSync
  readonly #trim: StatementSync
  readonly #list: StatementSync
  readonly #listKeys: StatementSync
  #entries: number

  constructor(db: DatabaseSync, max: number = STORE_LIMITS.datastoreEntries) {
    super()
    this.#max = max
    this.#get = db.prepare('SELECT value FROM datastore WHERE key = ?')
    this.#put = db.prepare(
      'INSERT INTO datastore (key, value, at) VALUES (?, ?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value, at = excluded.at',
    )
    this.#delete = db.prepare('DELETE FROM datastore WHERE key = ?')
    this.#count = db.prepare('SELECT count(*) AS n FROM datastore')
    this.#trim = db.prepare('DELETE FROM datastore WHERE key IN (SELECT key FROM datastore ORDER BY at LIMIT ?)')
    // A range instead of LIKE: it uses the index and knows no wildcards.
    this.#list = db.prepare('SELECT key, value FROM datastore WHERE key >= ? AND key < ? ORDER BY key')
    this.#listKeys = db.prepare('SELECT key FROM datastore WHERE key >= ? AND key < ? ORDER BY key')
    this.#entries = this.#countEntries()
  }

  override put(key: Key, value: Uint8Array): Key {
    if (value.byteLength > STORE_LIMITS.datastoreValueBytes) return key
    this.#put.run(key.toString(), value, Date.now())
    this.#entries += 1
    // Counted again only now and then: an overwrite is no new entry.
    if (this.#entries > this.#max) {
      this.#entries = this.#countEntries()
      const excess = this.#entries - this.#max
      if (excess > 0) {
        this.#trim.run(excess)
        this.#entries = this.#max
      }
    }
    return key
  }

  override get(key: Key): Uint8Array {
    const value = this.#get.get(key.toString())?.value
    if (!(value instanceof Uint8Array)) throw new NotFoundError(`No value under ${key.toString()}.`)
    return value
  }

  override has(key: Key): boolean {
    return this.#get.get(key.toString()) !== undefined
  }

  override delete(key: Key): void {
    this.#delete.run(key.toString())
  }

  override *_all(query: Query): Generator<Pair> {
    const rows = this.#list.all(...range(query.prefix))
    for (const row of rows) {
      if (row.value instanceof Uint8Array) yield { key: new Key(String(row.key)), value: row.value }
    }
  }

  override *_allKeys(query: KeyQuery): Generator<Key> {
    const rows = this.#listKeys.all(...range(query.prefix))
    for (const row of rows) yield new Key(String(row.key))
  }

  #countEntries(): number {
    return Number(this.#count.get()?.n ?? 0)
  }
}

/** First and last key of a prefix; U+FFFF sorts after everything that libp2p puts into a key. */
function range(prefix: string | undefined): [string, string] {
  return [prefix ?? '', `${prefix ?? ''}\uffff`]
}
