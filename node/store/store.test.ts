import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { Key } from 'interface-datastore'
import { afterEach, describe, expect, it } from 'vitest'
import { createBook } from './book.ts'
import { SqliteDatastore } from './datastore.ts'
import { openDatabase, SCHEMA_VERSION } from './sqlite.ts'
import { adoptMachine, openStore } from './store.ts'
import type { Store } from './types.ts'

const dirs: string[] = []
const opened: Store[] = []

function folder(): string {
  const dir = mkdtempSync(join(tmpdir(), 'chorus-store-'))
  dirs.push(dir)
  return dir
}

function open(file: string, machineId: string | null = 'machine-a'): Store {
  const store = openStore({ file, machineId })
  opened.push(store)
  return store
}

function record(n: number, size = 100): { id: string; bytes: Uint8Array } {
  return { id: `id-${n}`, bytes: new Uint8Array(size).fill(n % 251) }
}

afterEach(() => {
  for (const store of opened.splice(0)) {
    try {
      store.close()
    } catch {
      // Closed by the test itself.
    }
  }
  for (const dir of dirs.splice(0)) rmSync(dir, { recursive: true, force: true })
})

describe('the store', () => {
  it('gives records back in the order in which they were stored, each once, and the local state', () => {
    const file = join(folder(), 'chorus.db')
    const first = open(file)
    first.persist({ records: [record(2), record(1)], drop: [], local: { v: 1 } })
    first.persist({ records: [record(1), record(3)], drop: ['id-2'], local: null })
    first.close()
    const { records, local } = open(file).load()
    expect(records.map((bytes) => bytes[0])).toEqual([1, 3])
    expect(local).toEqual({ v: 1 })
  })

  it('stores all of a batch or nothing', () => {
    const file = join(folder(), 'chorus.db')
    const store = open(file)
    const bad = { id: 'bad', bytes: 'not bytes' }
    // A batch whose last record cannot be bound to the statement.
    const broken = [record(1), { ...bad, bytes: Symbol('no bytes') }]
    expect(() =>
      store.persist({ records: broken as unknown as { id: string; bytes: Uint8Array }[], drop: [], local: { v: 9 } }),
    ).toThrow()
    expect(store.load()).toEqual({ records: [], local: null })
    store.persist({ records: [record(5)], drop: [], local: null })
    expect(store.load().records).toHaveLength(1)
  })

  it('says E_NO_SPACE when the disk is full, keeps what it had, and goes on when there is room', () => {
    const file = join(folder(), 'chorus.db')
    // SQLite's own limit on the size of the file gives the same result code as a full disk.
    const store = openStore({ file, machineId: null, maxBytes: 128 * 1024 })
    opened.push(store)
    store.persist({ records: [record(1)], drop: [], local: { v: 1 } })
    const full = expect.objectContaining({ code: 'E_NO_SPACE' })
    expect(() => store.persist({ records: [record(2), record(3, 1 << 20)], drop: [], local: { v: 2 } })).toThrow(full)
    expect(store.load().records).toHaveLength(1)
    expect(store.load().local).toEqual({ v: 1 })
    store.persist({ records: [record(4)], drop: [], local: null })
    store.close()
    expect(open(file).load().records).toHaveLength(2)
  })

  it('refuses a state folder from a newer version and changes nothing', () => {
    const file = join(folder(), 'chorus.db')
    open(file).close()
    const db = new DatabaseSync(file)
    db.exec(`PRAGMA user_version = ${SCHEMA_VERSION + 1}`)
    db.close()
    expect(() => openStore({ file, machineId: null })).toThrow(expect.objectContaining({ code: 'E_STATE_NEWER' }))
    const after = new DatabaseSync(file)
    expect(after.prepare('PRAGMA user_version').get()).toEqual({ user_version: SCHEMA_VERSION + 1 })
    after.close()
  })

  it('refuses a file that is no database, or the database of another program', async () => {
    const dir = folder()
    const { writeFileSync } = await import('node:fs')
    writeFileSync(join(dir, 'junk.db'), 'x'.repeat(4096))
    expect(() => openStore({ file: join(dir, 'junk.db'), machineId: null })).toThrow(
      expect.objectContaining({ code: 'E_STATE' }),
    )
    const other = new DatabaseSync(join(dir, 'other.db'))
    other.exec('CREATE TABLE t (a); PRAGMA application_id = 77; PRAGMA user_version = 3')
    other.close()
    expect(() => openStore({ file: join(dir, 'other.db'), machineId: null })).toThrow(
      expect.objectContaining({ code: 'E_STATE' }),
    )
  })

  it('notices a folder that was copied to another machine, until it is adopted', () => {
    const file = join(folder(), 'chorus.db')
    open(file, 'machine-a').close()
    const copied = open(file, 'machine-b')
    expect(copied.hints.clonedFrom).toBe('machine-a')
    adoptMachine(copied, 'machine-b')
    copied.close()
    expect(open(file, 'machine-b').hints.clonedFrom).toBeNull()
  })

  it('loses no acknowledged batch when it is killed at any moment', async () => {
    const file = join(folder(), 'chorus.db')
    const module = new URL('./store.ts', import.meta.url).pathname
    // Each round: a child writes batches of 3 records and says which one is done; it is killed somewhere in the middle.
    const script = `
      import { openStore } from ${JSON.stringify(module)}
      const store = openStore({ file: ${JSON.stringify(file)}, machineId: null })
      let n = store.load().records.length
      for (;;) {
        const records = [0, 1, 2].map((i) => ({ id: 'r' + (n + i), bytes: new Uint8Array(2000).fill((n + i) % 251) }))
        store.persist({ records, drop: [], local: { done: n + 3 } })
        n += 3
        process.stdout.write(n + '\\n')
      }`
    let acknowledged = 0
    for (let round = 0; round < 6; round++) {
      const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      let text = ''
      await new Promise<void>((resolve) => {
        child.stdout.on('data', (data: Buffer) => {
          const first = text === ''
          text += data.toString()
          if (first) setTimeout(() => child.kill('SIGKILL'), 5 + 17 * round)
        })
        child.on('close', () => resolve())
      })
      acknowledged = Number(text.slice(0, text.lastIndexOf('\n')).split('\n').at(-1))
      const store = open(file)
      const { records, local } = store.load()
      store.close()
      expect(records.length).toBeGreaterThanOrEqual(acknowledged)
      expect(records.length % 3).toBe(0)
      expect(local).toEqual({ done: records.length })
      expect(records.every((bytes, i) => bytes.length === 2000 && bytes[1999] === i % 251)).toBe(true)
    }
    expect(acknowledged).toBeGreaterThan(0)
  }, 60_000)
})

describe('the address book', () => {
  it('survives a restart and drops whoever was seen least recently', () => {
    const file = join(folder(), 'chorus.db')
    const db = openDatabase(file)
    const book = createBook(db, 3)
    for (const [i, key] of ['a', 'b', 'c'].entries())
      book.put({ key, addrs: [`/ip4/10.0.0.${i}/tcp/1`], seenMs: i + 1 })
    book.put({ key: 'a', addrs: ['/ip4/10.0.0.9/tcp/1'], seenMs: 10 })
    book.put({ key: 'd', addrs: [], seenMs: 11 })
    db.close()
    const again = createBook(openDatabase(file), 3)
    expect(
      again
        .all()
        .map((entry) => entry.key)
        .sort(),
    ).toEqual(['a', 'c', 'd'])
    expect(again.all().find((entry) => entry.key === 'a')?.addrs).toEqual(['/ip4/10.0.0.9/tcp/1'])
  })
})

describe("libp2p's datastore", () => {
  it('keeps values by key, lists a prefix, and stays within its bound', async () => {
    const store = new SqliteDatastore(openDatabase(join(folder(), 'chorus.db')), 10)
    const value = readFileSync(new URL(import.meta.url)).subarray(0, 10)
    for (let i = 0; i < 40; i++) store.put(new Key(`/peers/${i}`), value)
    store.put(new Key('/dht/x'), value)
    expect(store.get(new Key('/dht/x'))).toEqual(new Uint8Array(value))
    const peers: unknown[] = []
    for await (const pair of store.query({ prefix: '/peers' })) peers.push(pair)
    expect(peers.length).toBeLessThanOrEqual(10)
    expect(peers.length).toBeGreaterThan(5)
    expect(() => store.get(new Key('/nothing'))).toThrow(expect.objectContaining({ name: 'NotFoundError' }))
    store.delete(new Key('/dht/x'))
    expect(store.has(new Key('/dht/x'))).toBe(false)
  })
})
