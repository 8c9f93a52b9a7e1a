import { describe, expect, it } from 'vitest'
import { recipientMark, secretReaders } from '../../policies/index.ts'
import type { Reader } from './folder.ts'
import { secretRows } from './state.ts'
import type { SecretRow } from './state.ts'

const AGE = 'age-encryption.org/v1\n'
const key = (name: string): string => `age1${name.padStart(58, 'q')}`
const node = (name: string, labels: Record<string, string>, recipient: string | undefined = key(name)): Reader => ({
  labels,
  facts: {},
  node: { name, id: name },
  recipient,
})
const file = (to: readonly string[], but: object = {}): Uint8Array => {
  const head = { mesh: 'm', policy: 'web/site', name: 'tls', version: 3, to: to.map((one) => recipientMark(key(one))) }
  return new TextEncoder().encode(`chorus-secret/1 ${JSON.stringify({ ...head, ...but })}\n${AGE}`)
}

function rows(nodes: readonly Reader[], files: Readonly<Record<string, Uint8Array>>): readonly SecretRow[] {
  const secrets = { tls: { age: 's/${labels.env}.age' } }
  const readers = secretReaders({ select: "labels.role == 'web'", secrets }, nodes)
  return secretRows({ policy: 'web/site', readers }, 'm', Object.keys(files), (path) => files[path])
}
const web = (name: string, env = 'prod'): Reader => node(name, { role: 'web', env })

describe('how the secrets of a policy stand', () => {
  it('ok: whoever is to read it can, and nobody else', () => {
    expect(
      rows([web('a'), web('b'), node('c', { role: 'db', env: 'prod' })], { 's/prod.age': file(['b', 'a']) }),
    ).toEqual([
      {
        name: 'tls',
        file: 's/prod.age',
        state: 'ok',
        version: 3,
        readers: ['a', 'b'],
        missing: [],
        keyless: [],
        strangers: 0,
        also: [],
      },
    ])
  })

  it('rekey: a node came, and another is not of the policy any more', () => {
    const [row] = rows([web('a'), web('new')], { 's/prod.age': file(['a', 'gone']) })
    expect(row).toMatchObject({ state: 'rekey', missing: ['new'], strangers: 1 })
  })

  it('keyless: a recipient without a key can be given nothing, which is said of the node, not of the file', () => {
    const [row] = rows([web('a'), { ...web('old'), recipient: undefined }], { 's/prod.age': file(['a']) })
    expect(row).toMatchObject({ state: 'ok', readers: ['a', 'old'], missing: [], keyless: ['old'] })
  })

  it('absent: nobody has set it for these labels', () => {
    expect(rows([web('a', 'dev'), web('b')], { 's/prod.age': file(['b']) })).toMatchObject([
      { file: 's/dev.age', state: 'absent', version: null, missing: ['a'] },
      { file: 's/prod.age', state: 'ok' },
    ])
  })

  it('unused: a secret for a label that nobody has', () => {
    expect(
      rows([web('a')], { 's/prod.age': file(['a']), 's/test.age': file(['x']), 'policy.yaml': file([]) }),
    ).toMatchObject([
      { file: 's/prod.age', state: 'ok' },
      { file: 's/test.age', state: 'unused', readers: [] },
    ])
  })

  it.each([
    ['in clear', new TextEncoder().encode('hunter2')],
    ['of another mesh', file(['a'], { mesh: 'x' })],
    ['of another policy', file(['a'], { policy: 'web/other' })],
    ['of another name', file(['a'], { name: 'other' })],
  ])('damaged: a file %s', (_what, bytes) => {
    expect(rows([web('a')], { 's/prod.age': bytes })[0]?.state).toBe('damaged')
  })
})
