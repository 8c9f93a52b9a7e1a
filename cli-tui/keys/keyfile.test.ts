import { chmodSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { keyFileText, publicKeyIn, readKeyFile, writePrivate } from './keyfile.ts'

const dir = mkdtempSync(join(tmpdir(), 'chorus-keys-'))
afterAll(() => rmSync(dir, { recursive: true }))
const file = { role: 'root', key: 'ab'.repeat(32), seed: Uint8Array.from({ length: 32 }, (_, i) => i) } as const
const unasked = (): Promise<string> => Promise.reject(new Error('no passphrase should be asked for'))

describe('a key file', () => {
  it('is private, and gives its seed back', async () => {
    const path = join(dir, 'deep', 'plain.key')
    writePrivate(path, keyFileText(file, undefined))
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect(Buffer.from((await readKeyFile(path, unasked)).seed)).toEqual(Buffer.from(file.seed))
    expect(publicKeyIn(path)).toBe(file.key)
  })

  it('opens with its passphrase only, and shows its public half without', async () => {
    const path = join(dir, 'sealed.key')
    const text = keyFileText(file, 'correct horse')
    expect(text).not.toContain(Buffer.from(file.seed).toString('base64'))
    writePrivate(path, text)
    expect(publicKeyIn(path)).toBe(file.key)
    expect(Buffer.from((await readKeyFile(path, () => Promise.resolve('correct horse'))).seed)).toEqual(
      Buffer.from(file.seed),
    )
    await expect(readKeyFile(path, () => Promise.resolve('wrong'))).rejects.toMatchObject({ code: 'E_PASSPHRASE' })
    // The public key is bound to the box: it cannot be replaced by another.
    writePrivate(join(dir, 'swapped.key'), text.replace('abab', 'cdcd'))
    await expect(readKeyFile(join(dir, 'swapped.key'), () => Promise.resolve('correct horse'))).rejects.toMatchObject({
      code: 'E_PASSPHRASE',
    })
  })

  it('is never overwritten', () => {
    const path = join(dir, 'once.key')
    writePrivate(path, 'x')
    expect(() => writePrivate(path, 'y')).toThrow(expect.objectContaining({ code: 'E_FILE_EXISTS' }))
  })

  it.each([
    ['not JSON', 'nonsense'],
    ['another kind of JSON', '{"a":1}'],
    ['no seed', '{"chorus":"key/1","role":"root","key":"' + 'a'.repeat(64) + '"}'],
    ['a short seed', '{"chorus":"key/1","role":"root","key":"' + 'a'.repeat(64) + '","seed":"AAAA"}'],
    [
      'a cost that takes all memory',
      '{"chorus":"key/1","role":"root","key":"' +
        'a'.repeat(64) +
        '","sealed":{"kdf":"scrypt","N":1073741824,"r":8,"p":1,"salt":"AA==","nonce":"AA==","box":"AA=="}}',
    ],
    ['far too much', 'x'.repeat(100_000)],
  ])('with %s is refused', async (what, text) => {
    const path = join(dir, `${what.replaceAll(' ', '-')}.key`)
    writeFileSync(path, text, { mode: 0o600 })
    await expect(readKeyFile(path, unasked)).rejects.toMatchObject({ code: 'E_KEY_FILE' })
  })

  it('that others can read is refused, with the command that cures it', async () => {
    const path = join(dir, 'open.key')
    writeFileSync(path, keyFileText(file, undefined))
    chmodSync(path, 0o644)
    await expect(readKeyFile(path, unasked)).rejects.toMatchObject({
      code: 'E_KEY_FILE',
      hint: `Run: chmod 600 ${path}`,
    })
  })
})
