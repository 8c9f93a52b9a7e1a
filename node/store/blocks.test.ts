import { createHash } from 'node:crypto'
import { existsSync, mkdtempSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CID } from 'multiformats/cid'
import { create } from 'multiformats/hashes/digest'
import { afterEach, describe, expect, it } from 'vitest'
import { openBlocks } from './blocks.ts'

const dirs: string[] = []

function folder(): string {
  const dir = mkdtempSync(join(tmpdir(), 'chorus-blocks-'))
  dirs.push(dir)
  return dir
}

function block(text: string): { cid: string; bytes: Uint8Array } {
  const bytes = new TextEncoder().encode(text)
  const digest = createHash('sha256').update(bytes).digest()
  return { cid: CID.createV1(0x55, create(0x12, digest)).toString(), bytes }
}

function files(dir: string): string[] {
  return readdirSync(dir, { recursive: true })
    .map(String)
    .filter((name) => name.includes('.'))
}

afterEach(() => {
  for (const dir of dirs.splice(0)) rmSync(dir, { recursive: true, force: true })
})

describe('the block store', () => {
  it('gives back what it was given, also after a restart', async () => {
    const dir = folder()
    const { cid, bytes } = block('hello')
    const blocks = await openBlocks(dir)
    await Promise.all([blocks.put(cid, bytes), blocks.put(cid, bytes)])
    await blocks.sync([cid])
    const again = await openBlocks(dir)
    expect(await again.get(cid)).toEqual(Buffer.from(bytes))
    expect(again.used()).toBe(bytes.length)
  })

  it('refuses bytes that are not those that the CID names', async () => {
    const dir = folder()
    const blocks = await openBlocks(dir)
    await expect(blocks.put(block('a').cid, block('b').bytes)).rejects.toMatchObject({ code: 'E_CID_MISMATCH' })
    await expect(blocks.put('no cid', block('b').bytes)).rejects.toMatchObject({ code: 'E_CID_MISMATCH' })
    expect(files(dir)).toEqual([])
  })

  it('counts a damaged or torn block as missing, and takes it again', async () => {
    const dir = folder()
    const { cid, bytes } = block('precious content')
    const blocks = await openBlocks(dir)
    await blocks.put(cid, bytes)
    const [name = ''] = files(dir)
    writeFileSync(join(dir, name), 'precious c0ntent')
    await expect(blocks.get(cid)).rejects.toMatchObject({ code: 'E_NOT_FOUND' })
    await blocks.put(cid, bytes)
    truncateSync(join(dir, name), 3)
    const again = await openBlocks(dir)
    await again.put(cid, bytes)
    expect(await again.get(cid)).toEqual(Buffer.from(bytes))
    expect(again.used()).toBe(bytes.length)
  })

  it('deletes what a killed writer left behind', async () => {
    const dir = folder()
    const { cid, bytes } = block('whole')
    await (await openBlocks(dir)).put(cid, bytes)
    const [name = ''] = files(dir)
    const leftover = join(dir, `${name}.tmp`)
    writeFileSync(leftover, 'half')
    const blocks = await openBlocks(dir)
    expect(existsSync(leftover)).toBe(false)
    expect(await blocks.has(cid)).toBe(true)
    expect(blocks.used()).toBe(bytes.length)
  })

  it('collects what is not kept, and holds to its quota', async () => {
    const blocks = await openBlocks(folder(), 12)
    const [a, b, c] = [block('aaaaa'), block('bbbbb'), block('ccccc')]
    await blocks.put(a.cid, a.bytes)
    await blocks.put(b.cid, b.bytes)
    await expect(blocks.put(c.cid, c.bytes)).rejects.toMatchObject({ code: 'E_QUOTA' })
    expect(await blocks.collect(new Set([b.cid]))).toBe(5)
    await blocks.put(c.cid, c.bytes)
    expect([await blocks.has(a.cid), await blocks.has(b.cid), await blocks.has(c.cid)]).toEqual([false, true, true])
    await expect(blocks.sync([a.cid])).rejects.toMatchObject({ code: 'E_NOT_FOUND' })
  })
})
