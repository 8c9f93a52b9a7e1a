import { DatabaseSync } from 'node:sqlite'
import { messageOf, NodeError } from '../errors.ts'
import { STORE_LIMITS } from '../limits.ts'

/** Version of the tables below; goes up when an older chorus could not work with them. */
export const SCHEMA_VERSION = 1

/** "chor": marks the file as ours (PRAGMA application_id). */
const APPLICATION_ID = 0x63686f72

const TABLES = `
  CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE records (seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, bytes BLOB NOT NULL);
  CREATE TABLE addresses (key TEXT PRIMARY KEY, addrs TEXT NOT NULL, seen INTEGER NOT NULL) WITHOUT ROWID;
  CREATE TABLE datastore (key TEXT PRIMARY KEY, value BLOB NOT NULL, at INTEGER NOT NULL);
  CREATE INDEX datastore_at ON datastore (at);
`

/** SQLite's primary result codes (https://sqlite.org/rescode.html) that mean something to an operator. */
const FULL = 13
const READONLY = 8
const CORRUPT = 11
const NOTADB = 26

function resultCode(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null || !('errcode' in error)) return undefined
  return typeof error.errcode === 'number' ? error.errcode & 0xff : undefined
}

/** What an error of SQLite means for the node. Everything that is not a full disk ends the daemon: a failed fsync is never retried. */
export function storeError(error: unknown, file: string): NodeError {
  if (error instanceof NodeError) return error
  const code = resultCode(error)
  const why = messageOf(error)
  if (code === FULL) {
    return new NodeError(
      'E_NO_SPACE',
      `There is no space left to store records in ${file}: free some and the node goes on by itself.`,
      { file },
      error,
    )
  }
  if (code === CORRUPT || code === NOTADB) {
    return new NodeError(
      'E_STATE',
      `${file} is damaged (${why}): move the state folder away and join again with a new invite.`,
      { file },
      error,
    )
  }
  if (code === READONLY) {
    return new NodeError(
      'E_STATE',
      `${file} cannot be written (${why}): check its owner and its file system.`,
      { file },
      error,
    )
  }
  return new NodeError(
    'E_STORE_IO',
    `Storing in ${file} failed (${why}): the daemon stops; check the disk and start it again.`,
    { file },
    error,
  )
}

/**
 * Opens the database with full durability, makes its tables if it is new.
 * @throws NodeError E_STATE_NEWER, E_STATE, E_NO_SPACE, E_STORE_IO
 */
export function openDatabase(file: string, maxBytes: number = STORE_LIMITS.databaseBytes): DatabaseSync {
  let db: DatabaseSync | undefined
  try {
    db = new DatabaseSync(file, { timeout: 5000 })
    db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA cache_size = -1024')
    prepareTables(db, file)
    db.exec(`PRAGMA max_page_count = ${Math.floor(maxBytes / pragma(db, 'page_size'))}`)
    return db
  } catch (error) {
    db?.close()
    throw storeError(error, file)
  }
}

/** A second connection for what may be lost in a crash of the machine: it does not wait for the disk. */
export function openRelaxed(file: string): DatabaseSync {
  const db = new DatabaseSync(file, { timeout: 5000 })
  db.exec('PRAGMA synchronous = NORMAL; PRAGMA cache_size = -256')
  return db
}

function pragma(db: DatabaseSync, name: string): number {
  return Number(db.prepare(`PRAGMA ${name}`).get()?.[name] ?? 0)
}

function prepareTables(db: DatabaseSync, file: string): void {
  const version = pragma(db, 'user_version')
  const owner = pragma(db, 'application_id')
  if (version === 0 && owner === 0) {
    db.exec(
      `BEGIN IMMEDIATE; ${TABLES} PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${SCHEMA_VERSION}; COMMIT`,
    )
    return
  }
  if (owner !== APPLICATION_ID) {
    throw new NodeError(
      'E_STATE',
      `${file} is a database of another program: give chorus a folder of its own with --state.`,
      { file },
    )
  }
  if (version > SCHEMA_VERSION) {
    throw new NodeError(
      'E_STATE_NEWER',
      `${file} was written by a newer chorus (state version ${version}, this one knows ${SCHEMA_VERSION}): install that version again, nothing was changed.`,
      { file, version, known: SCHEMA_VERSION },
    )
  }
}
