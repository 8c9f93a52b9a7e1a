import { CID } from 'multiformats/cid'
import { PolicyError } from '../errors.ts'
import type { Attributes, Entry, StagedFile } from '../host.ts'
import { LIMITS } from '../limits.ts'
import { andThen, isPromise, type MaybePromise } from '../maybe.ts'
import type { BundleFile } from '../model.ts'
import { sizes, unifiedDiff } from './diff.ts'
import { exitCode, lastWords, runCommand } from './command.ts'
import {
  attributeChanges,
  attributesFor,
  attributeStep,
  makeFoldersAbove,
  refuse,
  type Step,
  type Wishes,
} from './file-step.ts'
import type { Trace } from './file-trace.ts'
import type { TypeContext } from './type.ts'

/** The content that a file is to have: bytes in memory, or a file of the bundle. */
export type Wanted = { readonly bytes: Uint8Array } | { readonly file: BundleFile }

export interface FileWish {
  readonly path: string
  readonly wanted: Wanted
  readonly wishes: Wishes
  /** Checks the new content before it is put in place. */
  readonly validate?: readonly string[] | undefined
}

/** What has to be done so that `path` is a file with this content; null if nothing. */
export function fileStep(context: TypeContext, wish: FileWish): MaybePromise<Step | null> {
  const { host } = context
  const entry = host.lstat(wish.path)
  if (entry === null || entry.kind === 'link') return newFile(context, wish, entry)
  if (entry.kind !== 'file') return refuse(wish.path, entry, 'a file')
  const same = isSame(context, wish.path, entry, wish.wanted)
  return andThen(same, (is) => compared(context, wish, entry, is))
}

function compared(context: TypeContext, wish: FileWish, entry: Entry, same: boolean): MaybePromise<Step | null> {
  if (same) return attributeStep(context, wish.path, entry, wish.wishes)
  const changes = attributeChanges(context.host, entry, wish.wishes)
  return withDiff(context, wish, entry, {
    changes: ['new content', ...changes],
    run: (trace) => putContent(context, wish, entry, trace),
  })
}

function newFile(context: TypeContext, wish: FileWish, entry: Entry | null): MaybePromise<Step> {
  // How long a secret is tells something of it.
  const size = context.sensitive ? '' : `, ${sizeOf(wish.wanted)} bytes`
  const what = entry === null ? `new file${size}` : 'a file in place of a link'
  const makes = entry === null ? { makes: wish.path } : {}
  return withDiff(context, wish, null, {
    changes: [what],
    ...makes,
    run: (trace) => putContent(context, wish, entry, trace),
  })
}

/** Puts content at a path, and notes in the trace what was there. @param entry what is there now */
export function putContent(
  ...[context, wish, entry, trace]: [TypeContext, FileWish, Entry | null, Parameters<Step['run']>[0]]
): MaybePromise<void> {
  const { host } = context
  const attributes = attributesFor(context, entry?.kind === 'file' ? entry : null, wish.wishes)
  if (entry === null) {
    const staged = stageNew(context, wish.path, attributes, trace)
    trace.add(wish.path)
    trace.intend(context)
    return attemptNew(trace, wish.path, () => written(context, wish, staged))
  }
  return andThen(trace.keep(host, wish.path, entry), () => {
    trace.intend(context)
    return written(context, wish, host.stage(wish.path, attributes))
  })
}

function written(context: TypeContext, wish: FileWish, staged: StagedFile): MaybePromise<void> {
  const { host, seen } = context
  return andThen(writeFile(context, wish, staged), () => {
    if (seen !== null) seen.wrote(wish.path, host.lstat(wish.path))
  })
}

/** What did not come about was not made. */
function attemptNew(trace: Trace, path: string, work: () => MaybePromise<void>): MaybePromise<void> {
  const forget = (error: unknown): never => {
    trace.forgetNew(path)
    throw error
  }
  try {
    const done = work()
    return isPromise(done) ? done.catch(forget) : done
  } catch (error) {
    return forget(error)
  }
}

function sizeOf(wanted: Wanted): number {
  return 'bytes' in wanted ? wanted.bytes.length : wanted.file.size
}

/** What has to be done to mode and owner of what is there, whatever its content; an empty file if nothing is. */
export function attributesStep(context: TypeContext, path: string, wishes: Wishes): MaybePromise<Step | null> {
  const { host } = context
  const entry = host.lstat(path)
  if (entry === null) return newFile(context, { path, wanted: { bytes: new Uint8Array(0) }, wishes }, null)
  if (entry.kind === 'link' || entry.kind === 'other') return refuse(path, entry, 'a file or folder')
  return attributeStep(context, path, entry, wishes)
}

/** Compares sizes first, then content; large files in pieces, as their chunks name them. */
function isSame(context: TypeContext, path: string, entry: Entry, wanted: Wanted): MaybePromise<boolean> {
  const { host, seen } = context
  if (entry.size !== sizeOf(wanted)) return false
  const identity = 'bytes' in wanted ? wanted.bytes : wanted.file.chunks
  if (seen?.matches(path, entry, identity) === true) return true
  const note = (same: boolean): boolean => {
    if (same) seen?.note(path, entry, identity, host.now())
    return same
  }
  if ('bytes' in wanted) return note(equal(host.readFile(path, entry.size), wanted.bytes))
  const { chunks, size } = wanted.file
  if (size === 0) return true
  if (chunks.length === 1) return note(hasDigest(host.sha256(host.readFile(path, size)), chunks[0]))
  return host
    .hashPieces(path, LIMITS.chunkBytes, context.signal)
    .then((digests) =>
      note(digests.length === chunks.length && digests.every((digest, i) => hasDigest(digest, chunks[i]))),
    )
}

function hasDigest(digest: Uint8Array, chunk: string | undefined): boolean {
  return chunk !== undefined && equal(digest, CID.parse(chunk).multihash.digest)
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}

function withDiff(context: TypeContext, wish: FileWish, entry: Entry | null, step: Step): MaybePromise<Step> {
  if (context.sensitive || (entry === null && context.diffs !== 'all')) return step
  const { path, wanted } = wish
  const size = sizeOf(wanted)
  if (Math.max(size, entry?.size ?? 0) > LIMITS.diffBytes) {
    return { ...step, diff: `--- ${path}\n+++ ${path}\n${sizes(entry?.size ?? 0, size)}` }
  }
  const before = entry === null ? null : context.host.readFile(path, LIMITS.diffBytes)
  const diff = (bytes: Uint8Array): Step => ({ ...step, diff: unifiedDiff(path, before, bytes) })
  if ('bytes' in wanted) return diff(wanted.bytes)
  const [only] = wanted.file.chunks
  const bytes = only === undefined ? new Uint8Array(0) : context.content.chunk(only)
  return andThen(bytes, diff)
}

/** Starts a file where there is none; missing folders above it are made when that fails, since mostly there are none. */
function stageNew(context: TypeContext, path: string, attributes: Attributes, trace: Trace): StagedFile {
  const { host } = context
  try {
    return host.stage(path, attributes)
  } catch (error) {
    if (!(error instanceof PolicyError) || error.code !== 'E_NOT_FOUND') throw error
    makeFoldersAbove(context, path, trace)
    return host.stage(path, attributes)
  }
}

/** Writes beside the path, validates, renames. Whatever fails, the old file is untouched. */
function writeFile(context: TypeContext, wish: FileWish, staged: StagedFile): MaybePromise<void> {
  if ('file' in wish.wanted || wish.validate !== undefined) return writeSlowly(context, wish, staged)
  try {
    staged.write(wish.wanted.bytes)
  } catch (error) {
    staged.discard()
    throw error
  }
  return staged.commit()
}

async function writeSlowly(context: TypeContext, wish: FileWish, staged: StagedFile): Promise<void> {
  try {
    if ('bytes' in wish.wanted) staged.write(wish.wanted.bytes)
    else for (const chunk of wish.wanted.file.chunks) staged.write(await context.content.chunk(chunk))
    if (wish.validate !== undefined) await validate(context, wish.path, wish.validate, staged.path)
  } catch (error) {
    staged.discard()
    throw error
  }
  await staged.commit()
}

async function validate(context: TypeContext, path: string, words: readonly string[], staged: string): Promise<void> {
  const argv = words.map((word) => word.replaceAll('{file}', staged))
  const result = await runCommand(context, argv, {}, LIMITS.guardTimeoutMs)
  if (exitCode(context, argv, result) === 0) return
  throw new PolicyError('E_VALIDATE', `${words[0]} refused the new content of ${path}${lastWords(context, result)}`)
}
