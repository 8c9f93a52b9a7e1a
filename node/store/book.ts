import type { DatabaseSync } from 'node:sqlite'
import { NET_LIMITS } from '../limits.ts'
import type { AddressBook, KnownAddress } from '../net/types.ts'

/** The address book in SQLite, with a copy in memory: it is read often and small (`bookMax`). */
export function createBook(db: DatabaseSync, max: number = NET_LIMITS.bookMax): AddressBook {
  const entries = new Map<string, KnownAddress>()
  for (const row of db.prepare('SELECT key, addrs, seen FROM addresses').all()) {
    const key = String(row.key)
    entries.set(key, { key, addrs: parseAddrs(row.addrs), seenMs: Number(row.seen) })
  }
  const write = db.prepare(
    'INSERT INTO addresses (key, addrs, seen) VALUES (?, ?, ?) ON CONFLICT (key) DO UPDATE SET addrs = excluded.addrs, seen = excluded.seen',
  )
  const erase = db.prepare('DELETE FROM addresses WHERE key = ?')

  function remove(key: string): void {
    if (entries.delete(key)) quietly(() => erase.run(key))
  }

  return {
    all: () => [...entries.values()],
    put(entry) {
      const before = entries.get(entry.key)
      if (before && before.seenMs === entry.seenMs && before.addrs.join() === entry.addrs.join()) return
      entries.set(entry.key, entry)
      quietly(() => write.run(entry.key, JSON.stringify(entry.addrs), entry.seenMs))
      if (entries.size > max) {
        const oldest = [...entries.values()].reduce((a, b) => (b.seenMs < a.seenMs ? b : a))
        remove(oldest.key)
      }
    },
    remove,
  }
}

/** An address that could not be written down is known until the next start: that is no reason to stop the daemon. */
function quietly(work: () => unknown): void {
  try {
    work()
  } catch {
    // A full disk is reported by the next batch of records.
  }
}

function parseAddrs(value: unknown): string[] {
  try {
    const list: unknown = JSON.parse(String(value))
    return Array.isArray(list) ? list.filter((item) => typeof item === 'string') : []
  } catch {
    return []
  }
}
