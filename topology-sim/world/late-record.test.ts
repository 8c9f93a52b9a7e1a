import { describe, expect, it } from 'vitest'
import { encodeBody, verifyEnvelope } from '../../node/core/index.ts'
import { simCrypto } from './crypto.ts'
import { bodyTemplate } from './late-record.ts'
import { makeGenesis } from './genesis.ts'
import { SharedReader } from './memo.ts'

const START_MS = 1_800_000_000_000

function genesis(names: readonly string[], kind: 'ed25519' | 'model' = 'model') {
  const crypto = simCrypto(kind)
  const labels = { role: 'web' }
  const at = (node: number) => ({ name: names[node] ?? '', labels, facts: {}, region: 0 })
  const reader = new SharedReader(crypto)
  const fleet = { size: names.length, at }
  return makeGenesis({
    seed: 1,
    fleet,
    crypto,
    reader,
    startMs: START_MS,
    selects: () => true,
    grants: () => [],
    goOn: () => undefined,
  })
}

describe('records that are signed late', () => {
  const names = ['a', 'node-1', 'n'.repeat(23), 'n'.repeat(24), 'n'.repeat(200)]

  it('have the bytes that the encoder gives, whatever the length of the name', () => {
    const { ledger } = genesis(names)
    for (const { body } of ledger.sets()) {
      if (!('inviteId' in body)) continue
      const [first] = ledger.sets()
      if (first === undefined || !('inviteId' in first.body)) throw new Error('no certificates')
      expect(Buffer.from(bodyTemplate(first.body)(body)).equals(encodeBody(body))).toBe(true)
    }
    expect(ledger.sets().length).toBe(names.length)
  })

  it('are signed by the peer and by its invite', () => {
    const { ledger } = genesis(names, 'ed25519')
    for (const record of ledger.sets()) {
      expect(record.sigs.length).toBe(2)
      expect(verifyEnvelope(record, simCrypto('ed25519'))).toBe(true)
    }
  })

  it('make their peers members', () => {
    const { ledger, keys } = genesis(names)
    expect(keys.map((key) => ledger.certificateOf(key, START_MS).state)).toEqual(names.map(() => 'member'))
    expect(keys.map((key) => ledger.nameOf(key, START_MS))).toEqual(names)
  })
})
