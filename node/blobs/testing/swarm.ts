import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildBundle } from '../../../policies/index.ts'
import type { Bundle, SourceFile } from '../../../policies/index.ts'
import { startNode } from '../../net/testing/nodes.ts'
import type { TestNode, TestOptions } from '../../net/testing/nodes.ts'
import { openBlocks } from '../../store/index.ts'
import type { BlockStore } from '../../store/index.ts'
import { createBlobService } from '../service.ts'
import type { BlobLimits, BlobService } from '../types.ts'

/** Real nodes with real block stores for tests of bundles. */

export interface Member extends TestNode {
  readonly dir: string
  readonly blocks: BlockStore
  readonly blobs: BlobService
  readonly stored: string[]
  readonly failed: {
    readonly cid: string
    readonly peer: string | null
    readonly code: string
    readonly final: boolean
  }[]
}

export interface MemberOptions extends TestOptions {
  readonly dir?: string
  readonly limits?: Partial<BlobLimits>
  /** Wraps the store, for members that lie. */
  readonly wrap?: (blocks: BlockStore) => BlockStore
  readonly quota?: number
}

const dirs: string[] = []
const services: BlobService[] = []

export async function startMember(options: MemberOptions = {}): Promise<Member> {
  const dir = options.dir ?? mkdtempSync(join(tmpdir(), 'chorus-blobs-'))
  dirs.push(dir)
  const node = await startNode({ ...options, options: { gossip: false, ...options.options } })
  const blocks = await openBlocks(dir, options.quota)
  const stored: string[] = []
  const failed: Member['failed'] = []
  const blobs = createBlobService({
    net: node.net,
    blocks: options.wrap?.(blocks) ?? blocks,
    handlers: {
      stored: (cid) => void stored.push(cid),
      failed: (cid, peer, code, final) => void failed.push({ cid, peer, code, final }),
    },
    ...(options.limits ? { limits: options.limits } : {}),
  })
  services.push(blobs)
  await blobs.start()
  return { ...node, dir, blocks, blobs, stored, failed }
}

export async function stopMembers(): Promise<void> {
  await Promise.all(services.splice(0).map(async (service) => await service.stop()))
  for (const dir of dirs.splice(0)) rmSync(dir, { recursive: true, force: true })
}

/** A bundle with one file of `bytes` bytes that do not repeat. */
export function makeBundle(bytes: number, salt = 1): Bundle {
  const file: SourceFile = {
    path: 'data',
    size: bytes,
    executable: false,
    read: (offset, length) => content(bytes, salt, offset, length),
  }
  const policy = {
    v: 1,
    policy: 'test/blob',
    select: 'true',
    after: [],
    vars: {},
    data: [],
    layers: {},
    templates: {},
    resources: [],
    extra: {},
  } as const
  return buildBundle(
    policy,
    new Map([[file.path, file]]),
    (data) => new Uint8Array(createHash('sha256').update(data).digest()),
  )
}

const PATTERN = 64 * 1024

/** Different in every block of 64 KiB, the same whenever it is read. */
function content(size: number, salt: number, offset: number, length: number): Uint8Array {
  const out = Buffer.alloc(Math.min(length, size - offset))
  for (let at = 0; at < out.length; at += PATTERN) {
    out.fill(
      createHash('sha512')
        .update(`${salt}:${offset + at}`)
        .digest(),
      at,
      Math.min(at + PATTERN, out.length),
    )
  }
  return out
}
