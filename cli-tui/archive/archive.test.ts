import { createHash } from 'node:crypto'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CID } from 'multiformats/cid'
import { create } from 'multiformats/hashes/digest'
import { afterAll, describe, expect, it } from 'vitest'
import { openArchive, writeArchive } from './archive.ts'
import type { Entry } from './archive.ts'

const dir = mkdtempSync(join(tmpdir(), 'chorus-archive-'))
afterAll(() => rmSync(dir, { recursive: true }))

const block = (text: string): Entry => {
  const bytes = Buffer.from(text)
  const digest = create(0x12, createHash('sha256').update(bytes).digest())
  return { tag: 'B', cid: CID.createV1(0x55, digest).toString(), bytes }
}
const head = { chorus: 'archive/1', kind: 'export', mesh: 'm' } as const
const readAll = async (path: string): Promise<Entry[]> => {
  const all: Entry[] = []
  for await (const entry of (await openArchive(path)).entries) all.push(entry)
  return all
}

describe('an archive', () => {
  const path = join(dir, 'a.chorus')
  const entries = [block('one'), block(''), block('x'.repeat(600_000))]

  it('gives back what was written', async () => {
    const written = await writeArchive(path, head, entries, false)
    expect(written.entries).toBe(3)
    expect((await openArchive(path)).head).toEqual(head)
    const read = await readAll(path)
    expect(read.map((entry) => [entry.cid, Buffer.from(entry.bytes).toString()])).toEqual(
      entries.map((entry) => [entry.cid, Buffer.from(entry.bytes).toString()]),
    )
  })

  it('is never overwritten without --force', async () => {
    await expect(writeArchive(path, head, [], false)).rejects.toMatchObject({ code: 'E_FILE_EXISTS' })
    const other = join(dir, 'b.chorus')
    await writeArchive(other, head, entries, false)
    await writeArchive(other, head, [block('new')], true)
    expect(await readAll(other)).toHaveLength(1)
  })

  it('is refused when it is cut anywhere, or any byte of it is another', async () => {
    const whole = readFileSync(path)
    const hurt = join(dir, 'hurt.chorus')
    for (const length of [0, 10, 60, 400, whole.length - 40, whole.length - 1]) {
      writeFileSync(hurt, whole.subarray(0, length))
      await expect(readAll(hurt), `cut at ${length}`).rejects.toMatchObject({ code: 'E_ARCHIVE' })
    }
    for (const at of [70, 120, 300_000, whole.length - 3]) {
      const changed = Buffer.from(whole)
      changed[at] = (changed[at] ?? 0) ^ 1
      writeFileSync(hurt, changed)
      await expect(readAll(hurt), `changed at ${at}`).rejects.toMatchObject({ code: 'E_ARCHIVE' })
    }
    writeFileSync(hurt, Buffer.concat([whole, Buffer.from('more')]))
    await expect(readAll(hurt)).rejects.toMatchObject({ code: 'E_ARCHIVE' })
  })

  it('leaves nothing behind when its source fails', async () => {
    const target = join(dir, 'never.chorus')
    function* failing(): Generator<Entry> {
      yield block('one')
      throw new Error('the source failed')
    }
    await expect(writeArchive(target, head, failing(), false)).rejects.toThrow('the source failed')
    expect(existsSync(target)).toBe(false)
    expect(existsSync(`${target}.${process.pid}.tmp`)).toBe(false)
  })
})
