import { describe, expect, it } from 'vitest'
import {
  bindingProblem,
  openSecret,
  readSecretHeader,
  recipientMark,
  sealedProblem,
  sealSecret,
  secretHeader,
} from './header.ts'

const binding = { mesh: 'm1', policy: 'web/site', name: 'tls_key', version: 3 }
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const text = (value: Uint8Array): string => new TextDecoder().decode(value)
/** Stands for age: what matters here is what goes in and comes out. */
const MAGIC = 'age-encryption.org/v1\n'
const encrypt = (plain: Uint8Array): Uint8Array => bytes(MAGIC + Buffer.from(plain).toString('base64'))
const decrypt = (sealed: Uint8Array): Uint8Array => Buffer.from(text(sealed).slice(MAGIC.length), 'base64')

describe('a sealed secret', () => {
  it('opens for what it was made for, byte by byte', async () => {
    const value = new Uint8Array([0, 255, 10, 13])
    const file = await sealSecret(binding, value, encrypt)
    expect(text(file)).not.toContain(Buffer.from(value).toString('base64'))
    const { version: _version, ...wanted } = binding
    expect(new Uint8Array(await openSecret(file, { ...wanted, atLeast: 3 }, decrypt))).toEqual(value)
  })

  it.each([
    [{ mesh: 'm2' }, 'the secret tls_key was made for another mesh'],
    [{ policy: 'web/other' }, 'the secret tls_key was made for the policy web/site, not web/other'],
    [{ name: 'b' }, 'the secret b was made for the name tls_key, not b'],
    [{ atLeast: 4 }, 'the secret tls_key is version 3, and this node has seen version 4'],
  ])('opens for nothing else: %j', async (other, message) => {
    const file = await sealSecret(binding, bytes('x'), encrypt)
    await expect(openSecret(file, { ...binding, ...other }, decrypt)).rejects.toMatchObject({
      code: 'E_SECRET',
      message,
    })
  })

  it('is not moved by a new line before the ciphertext', async () => {
    const { body } = readSecretHeader(await sealSecret(binding, bytes('x'), encrypt))
    const other = { ...binding, policy: 'web/other' }
    const forged = new Uint8Array([...secretHeader(other), ...body])
    await expect(openSecret(forged, other, decrypt)).rejects.toThrow('was made for the policy web/site, not web/other')
    const older = new Uint8Array([...secretHeader({ ...binding, version: 9 }), ...body])
    await expect(openSecret(older, binding, decrypt)).rejects.toThrow('says another version outside than inside')
  })

  it.each([
    ['', 'is not a secret made by `chorus secret set`'],
    ['-----BEGIN PRIVATE KEY-----\n', 'is not a secret made by `chorus secret set`'],
    ['age-encryption.org/v1\n', 'is not a secret made by `chorus secret set`'],
    ['chorus-secret/1 {}\n', 'is not a secret made by `chorus secret set`'],
    ['chorus-secret/1 []\n', 'is not a secret made by `chorus secret set`'],
    [
      'chorus-secret/1 {"mesh":"m","policy":"a/b","name":"k","version":0}\n',
      'is not a secret made by `chorus secret set`',
    ],
    [`${text(secretHeader(binding))}-----BEGIN PRIVATE KEY-----\n`, 'is not encrypted'],
    [`${text(secretHeader({ ...binding, name: 'x' }))}${MAGIC}`, 'was made for the name x, not tls_key'],
    [`${text(secretHeader(binding))}${MAGIC}`, undefined],
    [`${text(secretHeader(binding))}-----BEGIN AGE ENCRYPTED FILE-----\n`, undefined],
  ])('is told from anything else before it is published: %j', (content, problem) => {
    expect(sealedProblem(bytes(content), { policy: 'web/site', name: 'tls_key' })).toBe(problem)
  })

  it('says who can read it, outside the ciphertext only', async () => {
    const recipients = { to: [recipientMark('age1qqqqqqqqqqqq0123456789')], also: ['age1operator'] }
    const file = await sealSecret(binding, bytes('x'), encrypt, recipients)
    expect(readSecretHeader(file).recipients).toEqual({ to: ['0123456789'], also: ['age1operator'] })
    expect(readSecretHeader(secretHeader(binding)).recipients).toEqual({ to: [], also: [] })
    const crowd = Array.from({ length: 10_000 }, (_, i) => `${i}`.padStart(10, 'x'))
    await expect(sealSecret(binding, bytes('x'), encrypt, { to: crowd, also: [] })).rejects.toMatchObject({
      code: 'E_TOO_LARGE',
    })
  })

  it('has a header that reads back', () => {
    expect(readSecretHeader(secretHeader(binding)).binding).toEqual(binding)
    expect(bindingProblem(binding, {})).toBeUndefined()
  })
})
