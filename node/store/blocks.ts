import { createHash } from 'node:crypto'
import { constants, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { mkdir, open, readdir, rm, stat, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { FsBlockstore } from 'blockstore-fs'
import { NextToLast } from 'blockstore-fs/sharding'
import { CID } from 'multiformats/cid'
import { messageOf, NodeError } from '../errors.ts'
import { BLOB_LIMITS } from '../limits.ts'
import type { BlockStore } from './types.ts'

const SHA2_256 = 0x12
const PARALLEL = 16
/** The layout is blockstore-fs's: a block is named by its multihash in base32upper. */
const BLOCK_FILE = /^[A-Z2-7]{20,80}\.data$/

/** True if the bytes are those that the CID names; only sha2-256 counts. */
export function matchesCid(cid: CID, bytes: Uint8Array): boolean {
  if (cid.multihash.code !== SHA2_256) return false
  return createHash('sha256').update(bytes).digest().equals(cid.multihash.digest)
}

/** @throws NodeError E_CID_MISMATCH for text that is no CID */
export function parseCid(text: string): CID {
  try {
    return CID.parse(text)
  } catch (error) {
    throw new NodeError('E_CID_MISMATCH', `"${text.slice(0, 80)}" is not a CID (${messageOf(error)}).`, {}, error)
  }
}

/**
 * Blocks below `dir`, sharded by blockstore-fs. Leftovers of writes that a crash cut off are deleted here.
 * @param quota bytes; a block that would exceed it is refused
 * @throws NodeError E_STORE_IO
 */
export async function openBlocks(dir: string, quota: number = BLOB_LIMITS.quotaBytes): Promise<BlockStore> {
  const sharding = new NextToLast()
  const inner = new FsBlockstore(dir, { shardingStrategy: sharding })
  await mkdir(dir, { recursive: true, mode: 0o700 })
  await inner.open()
  let used = await sweep(dir)

  function place(cid: CID): { folder: string; file: string } {
    const { dir: shard, file } = sharding.encode(cid)
    return { folder: join(dir, shard), file: join(dir, shard, file) }
  }

  // Reads and writes of blocks are synchronous: 256 KiB of page cache take less than half a millisecond, and the four to
  // six trips through the thread pool that they would be otherwise take twice that, and twice the CPU (measured).
  function write(cid: CID, bytes: Uint8Array): void {
    const { folder, file } = place(cid)
    // A torn file of another length, left by a power cut, is written again; one of the same length is found by `get`.
    const held = statSync(file, { throwIfNoEntry: false })
    if (held?.size === bytes.byteLength) return
    const after = used - (held?.size ?? 0) + bytes.byteLength
    if (after > quota) {
      throw new NodeError(
        'E_QUOTA',
        `Bundles take ${used} of ${quota} bytes in ${dir}: raise "quota" in chorus.yaml, or retire policies.`,
        { used, quota },
      )
    }
    const temporary = `${file}.tmp`
    try {
      writeInto(folder, temporary, bytes)
      renameSync(temporary, file)
    } catch (error) {
      rmSync(temporary, { force: true })
      throw diskError(error, dir)
    }
    used = after
  }

  return {
    async has(text) {
      return await inner.has(parseCid(text))
    },

    async get(text) {
      const cid = parseCid(text)
      const { file } = place(cid)
      let bytes: Uint8Array
      try {
        bytes = readFileSync(file)
      } catch (error) {
        throw new NodeError('E_NOT_FOUND', `Block ${text} is not held here.`, { cid: text }, error)
      }
      if (!matchesCid(cid, bytes)) {
        // Torn by a crash or damaged on disk: as good as missing, and fetched again from a peer.
        await unlink(file).catch(() => undefined)
        used -= bytes.byteLength
        throw new NodeError(
          'E_NOT_FOUND',
          `Block ${text} was damaged on disk and is dropped: it will be fetched again.`,
          { cid: text },
        )
      }
      return bytes
    },

    async put(text, bytes) {
      const cid = parseCid(text)
      if (!matchesCid(cid, bytes)) {
        throw new NodeError('E_CID_MISMATCH', `The bytes given for block ${text} are not those that it names.`, {
          cid: text,
        })
      }
      write(cid, bytes)
    },

    async sync(cids) {
      const folders = new Set<string>([dir])
      await inParallel(cids, async (text) => {
        const { folder, file } = place(parseCid(text))
        folders.add(folder)
        await fsyncPath(file, text)
      })
      await inParallel(folders, async (folder) => await fsyncPath(folder, folder))
    },

    async collect(keep) {
      const kept = new Set([...keep].map((text) => sharding.encode(parseCid(text)).file))
      let freed = 0
      for (const { path, name, size } of await list(dir)) {
        if (kept.has(name)) continue
        await unlink(path).catch(() => undefined)
        freed += size
      }
      used -= freed
      return freed
    },

    used: () => used,
  }
}

/** The shard's folder is there nearly always. */
function writeInto(folder: string, file: string, bytes: Uint8Array): void {
  try {
    writeFileSync(file, bytes, { mode: 0o600 })
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) throw error
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    writeFileSync(file, bytes, { mode: 0o600 })
  }
}

async function fsyncPath(path: string, what: string): Promise<void> {
  try {
    const handle = await open(path, constants.O_RDONLY)
    try {
      await handle.sync()
    } finally {
      await handle.close()
    }
  } catch (error) {
    if (hasCode(error, 'ENOENT'))
      throw new NodeError('E_NOT_FOUND', `Block ${what} is not held here.`, { cid: what }, error)
    throw diskError(error, path)
  }
}

/** Runs `work` on every item, `PARALLEL` at a time: fsyncs that wait together share commits of the journal. */
async function inParallel<T>(items: Iterable<T>, work: (item: T) => Promise<void>): Promise<void> {
  const iterator = Iterator.from(items)
  const worker = async (): Promise<void> => {
    for (let next = iterator.next(); !next.done; next = iterator.next()) await work(next.value)
  }
  await Promise.all(Array.from({ length: PARALLEL }, worker))
}

interface BlockFile {
  readonly path: string
  readonly name: string
  readonly size: number
}

async function list(dir: string): Promise<BlockFile[]> {
  const found: BlockFile[] = []
  const shards = await readdir(dir, { withFileTypes: true })
  await inParallel(shards, async (shard) => {
    if (!shard.isDirectory()) return
    const folder = join(dir, shard.name)
    for (const name of await readdir(folder)) {
      const path = join(folder, name)
      const info = await stat(path).catch(() => undefined)
      if (info) found.push({ path, name, size: info.size })
    }
  })
  return found
}

/** Deletes what is no block (temporary files of a writer that was killed); gives the bytes of the rest. */
async function sweep(dir: string): Promise<number> {
  let used = 0
  for (const { path, name, size } of await list(dir)) {
    if (BLOCK_FILE.test(name)) used += size
    else await rm(path, { force: true, recursive: true })
  }
  return used
}

function hasCode(error: unknown, code: string): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === code
}

/** blockstore-fs puts the system's error into a sentence, so its code is looked for in the text too. */
function diskError(error: unknown, path: string): NodeError {
  if (error instanceof NodeError) return error
  const why = messageOf(error)
  if (/ENOSPC|EDQUOT/.test(why)) {
    return new NodeError(
      'E_NO_SPACE',
      `There is no space left for bundles in ${path}: free some and fetching goes on by itself.`,
      { path },
      error,
    )
  }
  return new NodeError('E_STORE_IO', `Storing a block in ${path} failed (${why}): check the disk.`, { path }, error)
}
