import { generateKeyPairSync, sign } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { createCrypto, createSigner, createVerifier, hasher } from './crypto.ts'

const message = new TextEncoder().encode('a message')

describe('the crypto port on node:crypto', () => {
  it('signs and verifies as RFC 8032 says (section 7.1, test 2)', () => {
    const seed = Buffer.from('4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb', 'hex')
    const signer = createSigner(seed)
    expect(signer.key).toBe('3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c')
    const sig = signer.sign(Uint8Array.of(0x72))
    expect(Buffer.from(sig).toString('hex')).toBe(
      '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
    )
    expect(createVerifier().verify(signer.key, Uint8Array.of(0x72), sig)).toBe(true)
  })

  it('says false, and never throws, for a wrong message, signature, length or key', () => {
    const signer = createSigner(new Uint8Array(32).fill(1))
    const crypto = createCrypto(signer)
    const sig = signer.sign(message)
    expect(crypto.verify(signer.key, message, sig)).toBe(true)
    expect(crypto.verify(signer.key, message.subarray(1), sig)).toBe(false)
    expect(crypto.verify(signer.key, message, sig.subarray(1))).toBe(false)
    expect(crypto.verify(createSigner(new Uint8Array(32)).key, message, sig)).toBe(false)
    expect(crypto.verify('ff'.repeat(32), message, sig)).toBe(false)
    expect(crypto.verify('not a key', message, sig)).toBe(false)
  })

  it('verifies keys that fell out of its cache', () => {
    const verifier = createVerifier(2)
    const signers = [1, 2, 3, 4].map((n) => createSigner(new Uint8Array(32).fill(n)))
    for (const signer of [...signers, ...signers])
      expect(verifier.verify(signer.key, message, signer.sign(message))).toBe(true)
  })

  it('agrees with keys that node made itself', () => {
    const { privateKey, publicKey } = generateKeyPairSync('ed25519')
    const key = Buffer.from(publicKey.export({ format: 'jwk' }).x ?? '', 'base64url').toString('hex')
    expect(createVerifier().verify(key, message, sign(null, message, privateKey))).toBe(true)
  })

  it('hashes with SHA-256, and refuses a seed of another length', () => {
    expect(Buffer.from(hasher.sha256(new Uint8Array())).toString('hex')).toMatch(/^e3b0c44298fc1c14/)
    expect(() => createSigner(new Uint8Array(31))).toThrow(RangeError)
  })
})
