import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { memorySource, type SourceFile } from '../language/source.ts'
import { LIMITS } from '../limits.ts'
import type { CompiledPolicy } from '../model.ts'
import { compileFiles } from '../testing/policies.ts'
import { buildBundle, type Bundle } from './build.ts'
import { readPolicy } from './policy.ts'
import { bundleSize, chunksOf, parseBundleRoot } from './root.ts'

const sha256 = (bytes: Uint8Array): Uint8Array => new Uint8Array(createHash('sha256').update(bytes).digest())

const policy: CompiledPolicy = {
  v: 1,
  policy: 'a/b',
  select: 'true',
  after: [],
  vars: {},
  data: [],
  layers: {},
  templates: {},
  resources: [],
  extra: {},
}

function filesOf(content: Record<string, string | Uint8Array>, executable: string[] = []): Map<string, SourceFile> {
  return new Map(memorySource(content, executable).files.map((file) => [file.path, file]))
}

function contentOf(bundle: Bundle, path: string): Uint8Array {
  const blocks = new Map(Array.from(bundle.blocks, (block) => [block.cid, block.bytes]))
  const file = bundle.content.files.find((candidate) => candidate.path === path)
  return new Uint8Array(Buffer.concat((file?.chunks ?? []).map((cid) => blocks.get(cid) ?? new Uint8Array())))
}

describe('a bundle', () => {
  it('carries files in chunks of 256 KiB, the same chunk once, and the root last', () => {
    const large = new Uint8Array(2 * LIMITS.chunkBytes + 5).fill(7)
    const bundle = buildBundle(policy, filesOf({ 'b/large': large, a: 'A', empty: '' }, ['a']), sha256)
    expect(
      bundle.content.files.map(({ path, size, executable, chunks }) => [path, size, executable, chunks.length]),
    ).toEqual([
      ['a', 1, true, 1],
      ['b/large', large.length, false, 3],
      ['empty', 0, false, 0],
    ])
    const blocks = [...bundle.blocks]
    expect(blocks.map((block) => block.bytes.length)).toEqual([
      bundle.content.policy.size,
      1,
      LIMITS.chunkBytes,
      5,
      bundle.root.bytes.length,
    ])
    expect(blocks.at(-1)).toEqual(bundle.root)
    expect(contentOf(bundle, 'b/large')).toEqual(large)
    expect(bundle.size).toBe(bundle.content.policy.size + 1 + large.length + bundle.root.bytes.length)
  })

  it('is read back as it was built, whatever is in it', () => {
    const path = fc.stringMatching(/^[a-z]{1,3}(\/[a-z]{1,3}){0,2}$/)
    const content = fc
      .dictionary(path, fc.uint8Array({ maxLength: 300 }), { maxKeys: 6, noNullPrototype: true })
      .filter((files) => {
        const paths = Object.keys(files)
        return !paths.some((one) => paths.some((other) => other.startsWith(`${one}/`)))
      })
    fc.assert(
      fc.property(content, (files) => {
        const bundle = buildBundle(policy, filesOf(files), sha256)
        const root = parseBundleRoot(bundle.root.bytes)
        expect(root).toEqual(bundle.content)
        expect(bundleSize(root, bundle.root.bytes.length)).toBe(bundle.size)
        for (const [name, bytes] of Object.entries(files))
          expect(contentOf(bundle, name)).toEqual(new Uint8Array(bytes))
        const needed = new Map(Array.from(bundle.blocks, (block) => [block.cid, block.bytes.length]))
        needed.delete(bundle.root.cid)
        expect(new Map(chunksOf(root))).toEqual(needed)
      }),
    )
  })

  it('has the same CID in any order of its files, and another for any other content', () => {
    const cid = (files: Map<string, SourceFile>, of = policy): string => buildBundle(of, files, sha256).root.cid
    const files = filesOf({ a: '1', b: '2' })
    expect(cid(new Map([...files].toReversed()))).toBe(cid(files))
    expect(cid(filesOf({ a: '1', b: '3' }))).not.toBe(cid(files))
    expect(cid(filesOf({ a: '1', c: '2' }))).not.toBe(cid(files))
    expect(cid(filesOf({ a: '1', b: '2' }, ['a']))).not.toBe(cid(files))
    expect(cid(files, { ...policy, select: 'false' })).not.toBe(cid(files))
  })

  it('does not change with comments, blank lines and the order of attributes', () => {
    const cid = (text: string): string => {
      const { policy: compiled, files } = compileFiles({ 'policy.yaml': text })
      if (compiled === undefined) throw new Error('it does not compile')
      return buildBundle(compiled, files, sha256).root.cid
    }
    expect(cid('# why\npolicy: a/b\n\nselect: "true"\nresources:\n  file/a: {content: x, path: /a}\n')).toBe(
      cid("select: 'true'\npolicy: a/b\nresources:\n  file/a:\n    path: /a # where\n    content: x\n"),
    )
  })

  it('keeps the wire format: this root never changes', () => {
    const bundle = buildBundle(policy, filesOf({ 'files/a': 'A' }, ['files/a']), sha256)
    expect(bundle.root.cid).toBe('bafyreich5ybd5o5oef5llftw3y24wmoyk6hto5maghsfceeaodfkct3gry')
  })

  it('gives the policy back', () => {
    const { policy: compiled, files } = compileFiles({
      'policy.yaml':
        'policy: a/b\nselect: "true"\nvars: {x: [1, {y: null}]}\nresources:\n  file/a: {path: /a, template: t}\n',
      t: 'ä {{ vars.x }}',
    })
    if (compiled === undefined) throw new Error('it does not compile')
    const bundle = buildBundle(compiled, files, sha256)
    const blocks = new Map(Array.from(bundle.blocks, (block) => [block.cid, block.bytes]))
    const bytes = new Uint8Array(
      Buffer.concat(bundle.content.policy.chunks.map((cid) => blocks.get(cid) ?? new Uint8Array())),
    )
    const at = { file: 'policy.yaml', line: 0, column: 0 }
    expect(readPolicy(bytes)).toEqual({
      ...compiled,
      resources: compiled.resources.map((resource) => ({ ...resource, at })),
    })
  })
})

describe('a bundle is refused', () => {
  const fake = (
    path: string,
    size: number,
    read: SourceFile['read'] = () => new Uint8Array(),
  ): Map<string, SourceFile> => new Map([[path, { path, size, executable: false, read }]])

  it('over 1 GiB, before anything is read', () => {
    expect(() => buildBundle(policy, fake('a', LIMITS.bundleBytes + 1), sha256)).toThrow(
      expect.objectContaining({ code: 'E_TOO_LARGE' }),
    )
  })

  it('where a file shrinks while it is read', () => {
    expect(() =>
      buildBundle(
        policy,
        fake('a', 10, () => new Uint8Array(3)),
        sha256,
      ),
    ).toThrow('a changed while the bundle was being built')
  })

  it('where a file changes between hashing and sending', () => {
    let reads = 0
    const bundle = buildBundle(
      policy,
      fake('a', 1, () => new Uint8Array([reads++])),
      sha256,
    )
    expect(() => [...bundle.blocks]).toThrow(expect.objectContaining({ code: 'E_SOURCE_CHANGED' }))
  })

  it('where a file would be the folder of another', () => {
    expect(() => buildBundle(policy, filesOf({ a: '', 'a/b': '' }), sha256)).toThrow(
      'a is a file and a folder in the bundle',
    )
  })

  it('with more than 10,000 files', () => {
    const many = Object.fromEntries(Array.from({ length: LIMITS.bundleFiles + 1 }, (_, i) => [`f${i}`, '']))
    expect(() => buildBundle(policy, filesOf(many), sha256)).toThrow('the bundle has 10001 files, the limit is 10000')
  })
})
