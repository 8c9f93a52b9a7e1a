import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { CID } from 'multiformats/cid'
import { describe, expect, it } from 'vitest'
import { PolicyError } from '../errors.ts'
import { LIMITS } from '../limits.ts'
import { encodeCanonical } from './cbor.ts'
import { chunkCid, rootCid } from './cid.ts'
import { encodeBundleRoot, parseBundleRoot } from './root.ts'

const sha256 = (bytes: Uint8Array): Uint8Array => new Uint8Array(createHash('sha256').update(bytes).digest())
const chunk = chunkCid(new Uint8Array([1]), sha256)
const policy = { size: 1, chunks: [chunk] }
const file = (path: string, more: Record<string, unknown> = {}): Record<string, unknown> => ({
  path,
  size: 1,
  executable: false,
  chunks: [chunk],
  ...more,
})
const root = (more: Record<string, unknown> = {}): Record<string, unknown> => ({
  v: 1,
  kind: 'chorus/bundle',
  policy,
  files: [],
  ...more,
})

function codeOf(value: unknown): string {
  try {
    parseBundleRoot(encodeCanonical(value))
  } catch (error) {
    if (error instanceof PolicyError) return error.code
    throw error
  }
  return 'right'
}

describe('the root of a bundle', () => {
  it('is read back as it was written', () => {
    const value = {
      policy: { size: 1, chunks: [chunk.toString()] },
      files: [
        { path: 'a', size: 0, executable: true, chunks: [] },
        { path: 'b/c', size: 1, executable: false, chunks: [chunk.toString()] },
      ],
    }
    expect(parseBundleRoot(encodeBundleRoot(value))).toEqual(value)
  })

  it.each<[string, unknown, string]>([
    ['right', root({ files: [file('a'), file('a.b'), file('b/c')] }), 'right'],
    ['no map', [1], 'E_MALFORMED'],
    ['another version', root({ v: 2 }), 'E_MALFORMED'],
    ['another kind', root({ kind: 'chorus/other' }), 'E_MALFORMED'],
    ['an unknown field', root({ more: 1 }), 'E_MALFORMED'],
    ['a missing field', { v: 1, kind: 'chorus/bundle', policy }, 'E_MALFORMED'],
    ['files that are no list', root({ files: {} }), 'E_MALFORMED'],
    ['a file that is no map', root({ files: [1] }), 'E_MALFORMED'],
    ['an unknown field of a file', root({ files: [file('a', { mode: 1 })] }), 'E_MALFORMED'],
    ['files in the wrong order', root({ files: [file('b'), file('a')] }), 'E_MALFORMED'],
    ['a file twice', root({ files: [file('a'), file('a')] }), 'E_MALFORMED'],
    ['a file as a folder', root({ files: [file('a'), file('a.b'), file('a/b')] }), 'E_PATH'],
    ['a path that leaves its folder', root({ files: [file('../a')] }), 'E_PATH'],
    ['a path that leaves its folder further in', root({ files: [file('a/../../b')] }), 'E_PATH'],
    ['an absolute path', root({ files: [file('/etc/passwd')] }), 'E_PATH'],
    ['a path with a line end', root({ files: [file('a\nb')] }), 'E_PATH'],
    ['a path that is too long', root({ files: [file('a'.repeat(1025))] }), 'E_PATH'],
    ['a path that is no text', root({ files: [file('a', { path: 1 })] }), 'E_MALFORMED'],
    ['executable that is no boolean', root({ files: [file('a', { executable: 1 })] }), 'E_MALFORMED'],
    ['a negative size', root({ policy: { size: -1, chunks: [] } }), 'E_MALFORMED'],
    ['a size that is no whole number', root({ policy: { size: 1.5, chunks: [chunk] } }), 'E_MALFORMED'],
    ['too few chunks', root({ policy: { size: LIMITS.chunkBytes + 1, chunks: [chunk] } }), 'E_MALFORMED'],
    ['too many chunks', root({ files: [file('a', { chunks: [chunk, chunk] })] }), 'E_MALFORMED'],
    ['a chunk that is no link', root({ policy: { size: 1, chunks: [chunk.toString()] } }), 'E_MALFORMED'],
    [
      'a chunk that is no raw block',
      root({ policy: { size: 1, chunks: [rootCid(new Uint8Array(), sha256)] } }),
      'E_MALFORMED',
    ],
    [
      'a chunk of version 0',
      root({ policy: { size: 1, chunks: [CID.createV0(chunkCid(new Uint8Array(), sha256).multihash as never)] } }),
      'E_MALFORMED',
    ],
    ['a policy that is too large', root({ policy: { size: LIMITS.policyBytes + 1, chunks: [] } }), 'E_TOO_LARGE'],
    [
      'files that are too large together',
      root({
        files: ['a', 'b'].map((path) =>
          file(path, { size: 3 * 2 ** 28, chunks: Array.from({ length: 3072 }, () => chunk) }),
        ),
      }),
      'E_TOO_LARGE',
    ],
    [
      'a root of more than 2 MiB',
      root({ files: Array.from({ length: 9000 }, (_, i) => file(`${'x'.repeat(200)}${String(i).padStart(5, '0')}`)) }),
      'E_TOO_LARGE',
    ],
  ])('%s', (_what, value, code) => {
    expect(codeOf(value)).toBe(code)
  })

  it('gives a root or a PolicyError, whatever the bytes', () => {
    const bytes = encodeCanonical(root({ files: [file('a'), file('b/c')] }))
    const change = fc.record({ at: fc.nat(bytes.length - 1), to: fc.nat(255) })
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), fc.nat(bytes.length), (changes, cut) => {
        const broken = bytes.slice(0, cut === 0 ? bytes.length : cut)
        for (const { at, to } of changes) if (at < broken.length) broken[at] = to
        try {
          parseBundleRoot(broken)
        } catch (error) {
          expect(error).toBeInstanceOf(PolicyError)
        }
      }),
      { numRuns: 2000 },
    )
  })
})
