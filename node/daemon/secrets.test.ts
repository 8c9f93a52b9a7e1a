import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Encrypter, generateX25519Identity, identityToRecipient } from 'age-encryption'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { compile, memorySource, RESOURCE_TYPES, sealSecret, recipientMark } from '../../policies/index.ts'
import type { BundleFile, Grant, SecretAnswer, SecretBinding } from '../../policies/index.ts'
import { ageIdentity, ageRecipient, readIdentity } from '../join/secrets.ts'
import type { LoadedBundle } from './bundles.ts'
import { localSecrets, NodeSecrets } from './secrets.ts'

let dir: string
let reads: number
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'chorus-secret-'))
  reads = 0
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

const binding: SecretBinding = { mesh: 'm1', policy: 'web/site', name: 'key', version: 1 }
const context = { labels: { env: 'prod' }, facts: {}, node: { name: 'n1', id: 'id1' } }

async function sealed(to: readonly string[], value = 'hunter2', but: Partial<SecretBinding> = {}): Promise<Uint8Array> {
  const encrypter = new Encrypter()
  for (const recipient of to) encrypter.addRecipient(recipient)
  const bytes = new TextEncoder().encode(value)
  const named = { to: to.map(recipientMark), also: [] }
  return await sealSecret({ ...binding, ...but }, bytes, async (plain) => await encrypter.encrypt(plain), named)
}

const stranger = async (): Promise<string> => await identityToRecipient(await generateX25519Identity())

/** What a node with the folder `dir` knows of the secret `key` of a policy. */
async function ask(
  source: string,
  files: Record<string, Uint8Array> = {},
  grant: Grant | null = null,
  secrets = node(files),
): Promise<SecretAnswer> {
  return (await secrets.of(bundle(source, files), context, grant)).provider('key')
}

function node(files: Record<string, Uint8Array>): NodeSecrets {
  return new NodeSecrets({
    mesh: 'm1',
    blobs: {
      async *readChunks([path = '']) {
        reads += 1
        yield files[path] ?? new Uint8Array()
      },
    },
    identity: async () => await ageIdentity(dir),
  })
}

function bundle(source: string, files: Record<string, Uint8Array>): LoadedBundle {
  const yaml = `policy: web/site\nselect: "true"\nsecrets: { key: ${source} }\nresources: {}\n`
  const compiled = compile(memorySource({ 'policy.yaml': yaml, ...files }), { types: RESOURCE_TYPES })
  const placed = Object.entries(files).map(([path, bytes]): [string, BundleFile] => [
    path,
    { path, size: bytes.length, executable: false, chunks: [path] },
  ])
  const policy = compiled.declared
  if (policy === undefined) throw new Error(JSON.stringify(compiled.diagnostics))
  const whole = { v: 1, after: [], vars: {}, data: [], layers: {}, templates: {}, resources: [], extra: {} } as const
  const root = { policy: { size: 0, chunks: [] }, files: [] }
  return { cid: 'cid', root, policy: { ...whole, ...policy }, files: new Map(placed) }
}

describe('a secret in the bundle', () => {
  const SOURCE = '{ age: "secrets/${labels.env}.age" }'

  it("opens with this node's key, once", async () => {
    const files = { 'secrets/prod.age': await sealed([await stranger(), await ageRecipient(dir)]) }
    const secrets = node(files)
    expect(await ask(SOURCE, files, null, secrets)).toEqual({ value: 'hunter2' })
    expect(await ask(SOURCE, files, null, secrets)).toEqual({ value: 'hunter2' })
    expect(reads).toBe(1)
  })

  it.each([
    ['another mesh', { mesh: 'm2' }, 'the secret key was made for another mesh'],
    ['another policy', { policy: 'web/b' }, 'the secret key was made for the policy web/b, not web/site'],
    ['another name', { name: 'b' }, 'the secret key was made for the name b, not key'],
  ])('that was made for %s is not used', async (_what, but, missing) => {
    const file = await sealed([await ageRecipient(dir)], 'hunter2', but)
    const inner = new TextDecoder('latin1').decode(file).split('\n')[0] ?? ''
    // The line outside is what publishing checks: as an attacker would, this one says what is wanted.
    const { policy, name, mesh } = binding
    const forged = inner.replace(/\{.*\}/, JSON.stringify({ mesh, policy, name, version: 1 }))
    const bytes = Buffer.concat([Buffer.from(`${forged}\n`), file.subarray(inner.length + 1)])
    expect(await ask(SOURCE, { 'secrets/prod.age': bytes })).toEqual({ missing })
  })

  it('for others is waited for, and so is one that is no text, damaged, or not there for these labels', async () => {
    const me = await ageRecipient(dir)
    const others = { 'secrets/prod.age': await sealed([await stranger()]) }
    expect(await ask(SOURCE, others)).toEqual({
      missing: 'secrets/prod.age is not encrypted for this node; chorus secret rekey includes it',
    })
    const cut = (await sealed([me])).subarray(0, -3)
    expect(await ask(SOURCE, { 'secrets/prod.age': cut })).toMatchObject({
      missing: expect.stringContaining('not enc'),
    })
    const binary = await sealed([me])
    expect(await ask(SOURCE, { 'secrets/dev.age': binary })).toMatchObject({
      missing: expect.stringContaining('no file'),
    })
    expect(await ask('{ age: "${labels.none}.age" }', { 'x.age': binary })).toMatchObject({
      missing: expect.stringContaining("labels has no 'none'"),
    })
  })
})

describe('a secret of the node itself', () => {
  it('is the content of a file, through a link too, and never of a device', async () => {
    writeFileSync(join(dir, 'real'), 'hunter2\n')
    symlinkSync(join(dir, 'real'), join(dir, 'link'))
    expect(await ask(`{ file: ${dir}/link }`)).toEqual({ value: 'hunter2\n' })
    expect(await ask('{ file: /dev/zero }')).toEqual({ missing: '/dev/zero is no regular file' })
    expect(await ask(`{ file: ${dir}/none }`)).toEqual({ missing: `the file ${dir}/none is not on this node` })
    writeFileSync(join(dir, 'bin'), Buffer.from([0xff, 0xfe]))
    expect(await ask(`{ file: ${dir}/bin }`)).toEqual({ missing: `${dir}/bin does not give text` })
    writeFileSync(join(dir, 'big'), 'x'.repeat(300_000))
    expect(await ask(`{ file: ${dir}/big }`)).toEqual({ missing: `${dir}/big gives more than 262144 bytes` })
  })

  it('is what a command prints; what it says when it fails is not shown', async () => {
    expect(await ask('{ exec: [printf, "hunter2\\n"] }')).toEqual({ value: 'hunter2' })
    expect(await ask('{ exec: [sh, -c, "echo hunter2; exit 3"] }')).toEqual({ missing: 'sh failed with exit code 3' })
    expect(await ask('{ exec: [/no/such] }')).toEqual({ missing: '/no/such cannot be run (ENOENT)' })
    expect(await ask('{ exec: ["true"] }')).toEqual({ missing: 'true gives nothing' })
    expect(await ask('{ exec: [sh, -c, "yes hunter2"] }')).toMatchObject({
      missing: expect.stringContaining('more than'),
    })
  })

  it('is not to be had beyond the grant of the author: not by a link out of it, and not by a command', async () => {
    writeFileSync(join(dir, 'shadow'), 'hunter2')
    const grant = { types: null, paths: [`${dir}/web`] }
    expect(await ask(`{ file: ${dir}/shadow }`, {}, grant)).toMatchObject({ missing: expect.stringContaining('grant') })
    const open = { types: null, paths: [dir] }
    expect(await ask(`{ file: ${dir}/shadow }`, {}, open)).toEqual({ value: 'hunter2' })
    symlinkSync('/etc/passwd', join(dir, 'out'))
    expect(await ask(`{ file: ${dir}/out }`, {}, open)).toMatchObject({ missing: expect.stringContaining('grant') })
    expect(await ask('{ exec: [echo, a] }', {}, open)).toMatchObject({ missing: expect.stringContaining('commands') })
    expect(await ask('{ exec: [echo, a] }', {}, { types: ['file'], paths: null })).toMatchObject({
      missing: expect.anything(),
    })
    expect(await ask('{ exec: [echo, a] }', {}, { types: ['exec'], paths: [dir] })).toEqual({ value: 'a' })
  })

  it('without a mesh is all that there is', async () => {
    const files = { 'a.age': await sealed([await ageRecipient(dir)]) }
    expect((await localSecrets(bundle('{ exec: [echo, a] }', {}).policy, context))('key')).toEqual({ value: 'a' })
    expect((await localSecrets(bundle('{ age: a.age }', files).policy, context))('key')).toHaveProperty('missing')
  })
})

describe('an age identity', () => {
  it('that others can read, or that is none, is refused', async () => {
    const path = join(dir, 'id')
    writeFileSync(path, `# made by hand\n${await generateX25519Identity()}\n`, { mode: 0o644 })
    await expect(readIdentity(path)).rejects.toMatchObject({
      code: 'E_STATE',
      message: expect.stringContaining('chmod 600'),
    })
    writeFileSync(join(dir, 'no'), 'hello', { mode: 0o600 })
    await expect(readIdentity(join(dir, 'no'))).rejects.toMatchObject({ code: 'E_STATE' })
    await expect(readIdentity(join(dir, 'none'))).rejects.toMatchObject({ code: 'E_STATE' })
  })
})
