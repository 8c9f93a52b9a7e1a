import { describe, expect, it } from 'vitest'
import { actorOf, emptyLedger, Scene, SCENE_START_MS, type Ledger, type Tools } from '../../node/core/index.ts'
import { simCrypto } from './crypto.ts'
import { SharedLedgers, SharedReader } from './memo.ts'
import { TraceHash } from './trace-hash.ts'

const tools: Tools = simCrypto('model')
const [root, recovery, bot] = [actorOf('root', tools), actorOf('recovery', tools), actorOf('bot', tools)]

function story() {
  const grant = {
    key: bot.key,
    name: 'bot',
    policies: ['*'],
    verbs: ['publish' as const],
    selector: 'true',
    maxBlob: 1e6,
    rate: 1000,
  }
  const scene = Scene.open(tools, root, recovery, { grants: [grant] })
  const before = scene.ledger
  const left = scene.fork().publish(bot, 'a')
  const right = scene.fork().publish(bot, 'b')
  return { before, left, right }
}

describe('shared ledgers', () => {
  it('give one object for the same records in any order', () => {
    const { before, left, right } = story()
    const ledgers = new SharedLedgers(SCENE_START_MS, () => expect.unreachable())
    const one = ledgers.grow(ledgers.grow(before, [left]).ledger, [right]).ledger
    const two = ledgers.grow(ledgers.grow(before, [right]).ledger, [left]).ledger
    expect(one).toBe(two)
    expect(one.size).toBe(before.size + 2)
    expect(ledgers.grow(before, [left])).toBe(ledgers.grow(before, [left]))
  })

  it('say so when two ledgers of equal digest are not equal', () => {
    const { before } = story()
    const unequal: [Ledger, Ledger][] = []
    const ledgers = new SharedLedgers(SCENE_START_MS, (a, b) => void unequal.push([a, b]))
    ledgers.canonical(before)
    // A ledger that claims the same records and knows none of them.
    const liar = Object.assign(emptyLedger(before.env), {})
    Object.defineProperty(liar, 'digest', { value: before.digest })
    expect(ledgers.canonical(liar)).toBe(liar)
    expect(unequal).toEqual([[before, liar]])
  })
})

describe('the shared reader', () => {
  it('decodes and verifies once, and refuses what is refused every time', () => {
    const { left } = story()
    let verified = 0
    const crypto = simCrypto('model')
    const reader = new SharedReader({ verify: (...args) => (verified++, crypto.verify(...args)) })
    const envelope = reader.read(left.bytes)
    expect(reader.read(left.bytes)).toBe(envelope)
    expect([reader.verify(envelope), reader.verify(envelope), verified]).toEqual([true, true, 1])
    const junk = new Uint8Array([1, 2, 3])
    expect(() => reader.read(junk)).toThrow()
    expect(() => reader.read(junk)).toThrow()
  })
})

describe('the trace hash', () => {
  it('tells order, time, kind and both numbers apart', () => {
    const of = (...events: readonly (readonly [number, number, number, number])[]): string => {
      const hash = new TraceHash()
      for (const event of events) hash.add(...event)
      return hash.text
    }
    const first = [1, 2, 3, 4] as const
    const others = [
      [2, 2, 3, 4],
      [1, 3, 3, 4],
      [1, 2, 4, 4],
      [1, 2, 3, 5],
      [1 + 2 ** 32, 2, 3, 4],
    ] as const
    const hashes = [of(first), ...others.map((event) => of(event)), of(first, [5, 5, 5, 5]), of([5, 5, 5, 5], first)]
    expect(new Set(hashes).size).toBe(hashes.length)
    expect(of(first)).toBe(of(first))
    expect(of(first)).toMatch(/^[0-9a-f]{16}$/)
  })
})
