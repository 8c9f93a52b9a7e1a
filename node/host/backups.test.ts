import { existsSync, mkdtempSync, openSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { HOST_LIMITS } from '../limits.ts'
import { BackupStore } from './backups.ts'

let dir = ''
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'chorus-backups-'))
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

const attributes = { mode: 0o600, uid: 0, gid: 0 }
function keep(store: BackupStore, content: string): ReturnType<BackupStore['keep']> {
  writeFileSync(join(dir, 'file'), content)
  return store.keep(openSync(join(dir, 'file'), 'r'), '/etc/file', attributes)
}

describe('the backup store', () => {
  it('keeps equal content once, and remembers each time that it was overwritten', () => {
    const store = new BackupStore(join(dir, 'store'), true)
    const ids = ['a', 'b', 'a'].map((content) => keep(store, content))
    expect(ids[0]).toBe(ids[2])
    const again = new BackupStore(join(dir, 'store'), true)
    expect(again.list().map(({ id, path, mode }) => [id, path, mode])).toEqual(
      [ids[2], ids[1], ids[0]].map((id) => [id, '/etc/file', 0o600]),
    )
  })

  it('drops the oldest when there are too many, also those of an earlier start', async () => {
    const store = new BackupStore(join(dir, 'store'), false)
    const first = (await keep(store, 'first')) ?? ''
    for (let i = 0; i < HOST_LIMITS.backupFiles; i++) {
      const name = i.toString(16).padStart(64, '0')
      writeFileSync(join(dir, 'store', name), '')
      utimesSync(join(dir, 'store', name), 2_000_000_000, 2_000_000_000)
    }
    const again = new BackupStore(join(dir, 'store'), false)
    const last = (await keep(again, 'last')) ?? ''
    expect([existsSync(join(dir, 'store', first)), existsSync(join(dir, 'store', last))]).toEqual([false, true])
    expect(() => again.open(first, '/etc/file')).toThrow('has no copy of /etc/file any more')
    expect(() => again.open('../file', '/etc/file')).toThrow('has no copy')
  }, 60_000)

  it('refuses what is too large, and cleans up after a crash', async () => {
    const store = new BackupStore(join(dir, 'store'), false)
    expect(await keep(store, 'x'.repeat(HOST_LIMITS.backupFileBytes + 1))).toBeNull()
    await keep(store, 'y'.repeat(HOST_LIMITS.atOnceBytes + 1))
    writeFileSync(join(dir, 'store', '.torn'), 'half')
    await keep(new BackupStore(join(dir, 'store'), false), 'z')
    expect(readdirSync(join(dir, 'store')).filter((name) => name.startsWith('.'))).toEqual([])
  })
})
