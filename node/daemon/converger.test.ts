import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { MemoryHost } from '../../policies/testing/memory-host.ts'
import { buildBundle, compile, memorySource, RESOURCE_TYPES, usesOf } from '../../policies/index.ts'
import type { Bundle } from '../../policies/index.ts'
import type { AppliedPolicy, Input, PolicyToApply } from '../core/index.ts'
import { NodeError } from '../errors.ts'
import type { Meta } from '../store/index.ts'
import { Bundles } from './bundles.ts'
import { Converger } from './converger.ts'
import type { RunReport } from './converger.ts'
import { RunMarks } from './health-marks.ts'
import { RunMemory } from './memory.ts'
import { DriftWatch } from './watch.ts'

let dir: string
let host: MemoryHost
let meta: Meta
let blocks: Map<string, Uint8Array>
let inputs: Input[]
let runs: RunReport[]
let off: string | null
let secret: string | null
let converger: Converger
let last = 0
const sha256 = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest()

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'chorus-run-'))
  host = new MemoryHost({ sha256, now: () => Date.now() })
  const values = new Map<string, unknown>()
  meta = { get: (name) => values.get(name), set: (name, value) => void values.set(name, value) }
  blocks = new Map()
  off = null
  secret = null
  restart()
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

/** As after a restart of the daemon: the host, the store and the journal are what they were. */
function restart(): void {
  inputs = []
  runs = []
  const read = async (cid: string): Promise<Uint8Array> => {
    const bytes = blocks.get(cid)
    if (!bytes) throw new NodeError('E_NOT_FOUND', `no ${cid}`)
    return bytes
  }
  converger = new Converger({
    bundles: new Bundles({
      has: async (cid) => blocks.has(cid),
      read,
      async *readChunks(chunks) {
        for (const cid of chunks) yield await read(cid)
      },
    }),
    secrets: {
      of: async () => ({
        provider: () => (secret === null ? 'waiting' : { value: secret }),
        mark: secret ?? '',
        values: new Map(secret === null ? [] : [['key', secret]]),
      }),
    },
    host,
    memory: new RunMemory(meta, dir),
    watch: new DriftWatch(() => undefined),
    feed: (input) => inputs.push(input),
    context: () => ({ labels: { role: 'web' }, facts: {}, node: { name: 'n1', id: 'id' } }),
    handsOff: () => off,
    marks: new RunMarks(meta),
    confirmation: null,
    tell: () => undefined,
    onRun: (run) => runs.push(run),
  })
}

/** Compiles a policy and puts its bundle into the store. */
function policy(yaml: string, files: Record<string, string> = {}): { bundle: Bundle; wanted: PolicyToApply } {
  const compiled = compile(memorySource({ 'policy.yaml': yaml, ...files }), { types: RESOURCE_TYPES })
  if (!compiled.policy) throw new Error(JSON.stringify(compiled.diagnostics))
  const bundle = buildBundle(compiled.policy, compiled.files, sha256)
  for (const { cid, bytes } of bundle.blocks) blocks.set(cid, bytes)
  const { policy: name } = compiled.policy
  const wanted: PolicyToApply = {
    policy: name,
    version: `v-${name}-${bundle.root.cid}`,
    seq: 1,
    bundle: { cid: bundle.root.cid, size: bundle.size },
    uses: usesOf(compiled.policy),
    types: null,
    paths: null,
  }
  return { bundle, wanted }
}

const motd = (content: string, more = ''): string =>
  `policy: base/motd\nselect: "true"\nresources:\n  file/motd: { path: /etc/motd, content: "${content}", onRemove: undo${more} }\n`

async function run(
  policies: PolicyToApply[],
  removed: string[] = [],
  missing: string[] = [],
): Promise<readonly AppliedPolicy[]> {
  last += 1
  const id = last
  converger.apply({ type: 'apply', run: id, why: 'wanted', policies, removed, missing })
  await expect.poll(() => inputs.some((input) => input.type === 'applied' && input.run === id)).toBe(true)
  const applied = inputs.find((input) => input.type === 'applied' && input.run === id)
  return applied?.type === 'applied' ? applied.policies : []
}

const content = (path: string): string | null =>
  host.lstat(path) === null ? null : new TextDecoder().decode(host.readFile(path, 1000))

describe('a run', () => {
  it('applies what is wanted, says so, and changes nothing the second time', async () => {
    const { wanted } = policy(motd('hello ${node.name}'))
    expect(await run([wanted])).toMatchObject([{ policy: 'base/motd', version: wanted.version, state: 'ok' }])
    expect(content('/etc/motd')).toBe('hello n1')
    expect(runs.at(-1)).toMatchObject({ changed: true, converged: true })
    await run([wanted])
    expect(runs.at(-1)).toMatchObject({ changed: false, converged: true })
  })

  it('takes back what a removed policy made, even after a restart in between', async () => {
    const { wanted } = policy(motd('hello'))
    await run([wanted])
    restart()
    await run([], ['base/motd'])
    expect(content('/etc/motd')).toBeNull()
  })

  it('leaves alone what belongs to a policy that is neither wanted nor removed', async () => {
    await run([policy(motd('hello')).wanted])
    await run([])
    expect(content('/etc/motd')).toBe('hello')
  })

  it('starts nothing of a policy of which a block is missing, and says which code', async () => {
    const { wanted } = policy(motd('one'))
    await run([wanted])
    const next = policy(motd('two'))
    blocks.delete(next.bundle.content.policy.chunks[0] ?? '')
    blocks.delete(next.bundle.root.cid)
    expect(await run([next.wanted])).toMatchObject([{ state: 'failed', code: 'E_NOT_FOUND' }])
    expect(content('/etc/motd')).toBe('one')
  })

  it('purges nothing before every policy that is wanted here is there', async () => {
    host.mkdir('/etc', { mode: 0o755, uid: 0, gid: 0 })
    await host.stage('/etc/motd', { mode: 0o644, uid: 0, gid: 0 }).commit()
    const tree = 'file/tree: { path: /etc, directory: true, source: files, purge: true }'
    const purge = policy(`policy: base/purge\nselect: "true"\nresources:\n  ${tree}\n`, { 'files/x': '' })
    const late = policy(motd('theirs').replace('base/motd', 'late/motd'))
    blocks.delete(late.bundle.root.cid)
    expect(await run([purge.wanted, late.wanted])).toMatchObject([{ state: 'ok' }, { state: 'failed' }])
    expect(content('/etc/x')).toBe('')
    expect(content('/etc/motd')).toBe('')
    await run([purge.wanted, late.wanted])
    expect(runs.at(-1)?.outcomes).toContainEqual(expect.objectContaining({ state: 'waiting', code: 'E_INCOMPLETE' }))
    await run([purge.wanted], ['late/motd'], ['base/unheard'])
    expect(content('/etc/motd')).toBe('')
    await run([purge.wanted])
    expect(content('/etc/motd')).toBeNull()
  })

  it('refuses a bundle that is not what its record says', async () => {
    const { wanted } = policy(motd('hello'))
    expect(await run([{ ...wanted, policy: 'base/other' }])).toMatchObject([
      { state: 'failed', code: 'E_POLICY_SCHEMA' },
    ])
    expect(await run([{ ...wanted, uses: [] }])).toMatchObject([{ state: 'failed', code: 'E_POLICY_SCHEMA' }])
    expect(content('/etc/motd')).toBeNull()
  })

  it('changes nothing while hands are off, and tells what it would do', async () => {
    off = 'someone is repairing it'
    const { wanted } = policy(motd('hello'))
    expect(await run([wanted])).toMatchObject([{ state: 'held' }])
    expect(content('/etc/motd')).toBeNull()
    expect(runs.at(-1)?.outcomes).toMatchObject([{ key: 'file/motd', state: 'changed' }])
    off = null
    expect(await run([wanted])).toMatchObject([{ state: 'ok' }])
  })
})

describe('a secret', () => {
  const yaml = (more = ''): string =>
    `policy: web/tls\nselect: "true"\nsecrets: { key: { file: /run/key } }\nresources:\n  file/key: { path: /etc/key, content: "\${secrets.key}", onRemove: undo }\n  file/plain: { path: /etc/plain, content: "x${more}" }\n`

  it('that is not there yet makes what uses it wait, and nothing else', async () => {
    const { wanted } = policy(yaml())
    expect(await run([wanted])).toMatchObject([{ state: 'waiting', code: 'E_SECRET' }])
    expect([content('/etc/key'), content('/etc/plain')]).toEqual([null, 'x'])
    expect(runs.at(-1)).toMatchObject({ converged: false })
    expect((await converger.plan(wanted)).outcomes).toMatchObject([{ state: 'kept' }, { state: 'waiting' }])
    secret = 'hunter2'
    expect(await run([wanted])).toMatchObject([{ state: 'ok' }])
    expect(content('/etc/key')).toBe('hunter2')
    secret = 'hunter3'
    await run([wanted])
    expect(content('/etc/key')).toBe('hunter3')
  })

  it('that is lost again undoes nothing of what it made, in a new version neither', async () => {
    secret = 'hunter2'
    await run([policy(yaml()).wanted])
    secret = null
    const next = policy(yaml('y')).wanted
    expect(await run([next])).toMatchObject([{ state: 'waiting' }])
    expect([content('/etc/key'), content('/etc/plain')]).toEqual(['hunter2', 'xy'])
    await run([], ['web/tls'])
    expect(content('/etc/key')).toBeNull()
  })

  it('is in nothing that a run says', async () => {
    secret = 'hunter2'
    const { wanted } = policy(yaml())
    await run([wanted])
    secret = 'hunter3'
    await converger.plan(null)
    await run([wanted])
    expect(JSON.stringify([runs, inputs])).not.toMatch(/hunter/)
  })
})

describe('a plan', () => {
  it('shows what one policy would change beside those in force, and changes nothing', async () => {
    await run([policy(motd('hello')).wanted])
    const other = policy('policy: web/site\nselect: "true"\nresources:\n  file/a: { path: /srv/a, content: "x" }\n')
    const plan = await converger.plan(other.wanted)
    expect(plan.outcomes).toMatchObject([{ policy: 'web/site', key: 'file/a', state: 'changed' }])
    expect(content('/srv/a')).toBeNull()
    expect((await converger.plan(null)).outcomes).toMatchObject([{ policy: 'base/motd', state: 'kept' }])
  })
})
