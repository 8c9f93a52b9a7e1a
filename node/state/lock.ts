import { readFileSync, writeFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { messageOf, NodeError } from '../errors.ts'

/** SQLite's result code for a lock that another one holds. */
const BUSY = 5

/** Keeps the connections from the garbage collector, which would close them and give the lock away. */
const held = new Set<DatabaseSync>()

/**
 * One daemon per state folder. The lock is the kernel's (SQLite's fcntl lock on a file of its own), so it is race free and
 * ends with the process, however that ends; the pid beside it is only for the message.
 * @returns gives the lock back
 * @throws NodeError E_LOCKED, E_STATE
 */
export function lockFolder(lockFile: string, pidFile: string): () => void {
  let db: DatabaseSync
  try {
    db = new DatabaseSync(lockFile, { timeout: 0 })
  } catch (error) {
    throw new NodeError(
      'E_STATE',
      `The lock file ${lockFile} cannot be opened (${messageOf(error)}).`,
      { lockFile },
      error,
    )
  }
  try {
    // Held open for as long as the daemon lives; nothing is written, so there is no journal to clean up.
    db.exec('BEGIN EXCLUSIVE')
  } catch (error) {
    db.close()
    throw isBusy(error)
      ? lockedError(lockFile, pidFile)
      : new NodeError(
          'E_STATE',
          `The lock file ${lockFile} cannot be used (${messageOf(error)}): delete it while no daemon runs.`,
          { lockFile },
          error,
        )
  }
  writeFileSync(pidFile, `${process.pid}\n`, { mode: 0o600 })
  held.add(db)
  return () => {
    if (held.delete(db)) db.close()
  }
}

function isBusy(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'errcode' in error && error.errcode === BUSY
}

function lockedError(lockFile: string, pidFile: string): NodeError {
  let pid: number | null = null
  try {
    pid = Number.parseInt(readFileSync(pidFile, 'utf8'), 10) || null
  } catch {
    // The other daemon has its lock, but has not written its pid yet.
  }
  const who = pid === null ? 'Another daemon' : `Another daemon (pid ${pid})`
  return new NodeError(
    'E_LOCKED',
    `${who} works on this state folder (${lockFile}): stop it first, or give this one a folder of its own with --state.`,
    {
      pid,
      lockFile,
    },
  )
}
