import { createHash } from 'node:crypto'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import {
  buildBundle,
  compile,
  formatDiagnostic,
  readPolicy,
  resolve,
  RESOURCE_TYPES,
  type NodeContext,
  type PolicySource,
} from '../../policies/index.ts'

const EXAMPLES = 'policies/examples'
const examples = readdirSync(EXAMPLES, { withFileTypes: true }).flatMap((entry) =>
  entry.isDirectory() ? [entry.name] : [],
)
const scratch = mkdtempSync(join(tmpdir(), 'chorus-examples-'))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

function folder(dir: string): PolicySource {
  const names = readdirSync(dir, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  return {
    files: names.map((entry) => {
      const full = join(entry.parentPath, entry.name)
      const bytes = new Uint8Array(readFileSync(full))
      return {
        path: relative(dir, full),
        size: bytes.length,
        executable: (statSync(full).mode & 0o100) !== 0,
        read: (offset: number, length: number) => bytes.subarray(offset, offset + length),
      }
    }),
    sibling: (relative) => (existsSync(join(dir, relative)) ? folder(join(dir, relative)) : undefined),
  }
}

const node: NodeContext = {
  labels: { role: 'web', env: 'prod' },
  facts: { os: { id: 'debian' } },
  node: { name: 'web-1', id: 'id-of-web-1' },
}
const sha256 = (bytes: Uint8Array): Uint8Array => new Uint8Array(createHash('sha256').update(bytes).digest())

describe.each(examples)('policies/examples/%s', (name) => {
  const source = folder(join(EXAMPLES, name))
  const { policy, files, diagnostics } = compile(source, { types: RESOURCE_TYPES })

  it('compiles', () => {
    expect(diagnostics.map(formatDiagnostic)).toEqual([])
  })

  it('gives the same bundle in any order of its files', () => {
    const turned = compile({ ...source, files: source.files.toReversed() }, { types: RESOURCE_TYPES })
    if (policy === undefined || turned.policy === undefined) throw new Error('it does not compile')
    const [bundle, again] = [buildBundle(policy, files, sha256), buildBundle(turned.policy, turned.files, sha256)]
    expect(again.root.cid).toBe(bundle.root.cid)
  })

  it('resolves for a node, from the bundle as well as from the folder', () => {
    if (policy === undefined) throw new Error('it does not compile')
    const bundle = buildBundle(policy, files, sha256)
    const blocks = new Map(Array.from(bundle.blocks, (block) => [block.cid, block.bytes]))
    const bytes = Buffer.concat(bundle.content.policy.chunks.map((cid) => blocks.get(cid) ?? new Uint8Array()))
    const paths = new Set(bundle.content.files.map((file) => file.path))
    const [here, there] = [policy, readPolicy(bytes)].map((one) => resolve(one, node, paths, RESOURCE_TYPES))
    expect(here?.errors).toEqual([])
    expect(there?.resources.map(({ at: _at, ...rest }) => rest)).toEqual(
      here?.resources.map(({ at: _at, ...rest }) => rest),
    )
  })
})

describe('policies/examples/hello', () => {
  it('greets each node by its name, below a folder of its own', () => {
    const { policy, files } = compile(folder(join(EXAMPLES, 'hello')), {
      types: RESOURCE_TYPES,
      set: { root: scratch },
    })
    if (policy === undefined) throw new Error('it does not compile')
    const { resources } = resolve(policy, node, files, RESOURCE_TYPES)
    const motd = resources.find((resource) => resource.key === 'file/motd')
    expect(motd?.attrs['path']).toBe(`${scratch}/web-1/motd`)
    const content = motd?.attrs['content']
    expect(content instanceof Uint8Array ? new TextDecoder().decode(content) : '').toBe(
      'Welcome to the chorus, web-1!\nYou are one of our web servers.\nNobody told this machine what to do: it heard it from its neighbours.\n',
    )
  })
})

describe('policies/examples/reuse', () => {
  it('is the hello policy but for what it changes, with a component twice', () => {
    const { policy, files } = compile(folder(join(EXAMPLES, 'reuse')), {
      types: RESOURCE_TYPES,
      set: { root: scratch },
    })
    if (policy === undefined) throw new Error('it does not compile')
    const { resources } = resolve(policy, node, files, RESOURCE_TYPES)
    expect(resources.map((resource) => resource.key)).toEqual([
      'file/home',
      'file/motd',
      'file/logo',
      'file/site',
      'file/team-note',
      'file/hours-note',
    ])
    const text = (key: string): string => {
      const content = resources.find((resource) => resource.key === key)?.attrs['content']
      return content instanceof Uint8Array ? new TextDecoder().decode(content) : ''
    }
    expect(text('file/motd')).toMatch(/^Good morning/)
    expect(text('file/hours-note')).toBe('From 9 to 17.\nFrom 9 to 17.\n')
  })
})
