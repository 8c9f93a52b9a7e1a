import { describe, expect, it } from 'vitest'
import type { Entry } from './archive.ts'
import { bundlesIn } from './bundles.ts'

const block = (cid: string): Entry => ({ tag: 'B', cid, bytes: new Uint8Array() })

async function cut(cids: readonly string[]): Promise<string[][]> {
  async function* source(): AsyncGenerator<Entry> {
    yield* cids.map(block)
  }
  const found: string[][] = []
  for await (const bundle of bundlesIn(source())) {
    const one: string[] = []
    for await (const entry of bundle) one.push(entry.cid)
    found.push(one)
  }
  return found
}

describe('a run of blocks', () => {
  it('is cut before every root', async () => {
    expect(await cut(['bafyreiA', 'bafkreiB', 'bafkreiC', 'bafyreiD', 'bafyreiE', 'bafkreiF'])).toEqual([
      ['bafyreiA', 'bafkreiB', 'bafkreiC'],
      ['bafyreiD'],
      ['bafyreiE', 'bafkreiF'],
    ])
  })

  it('may be empty', async () => {
    expect(await cut([])).toEqual([])
  })
})
