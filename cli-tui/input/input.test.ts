import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { listenAddress } from './address.ts'
import { optionsOf, parseDuration, parsePairs } from './options.ts'
import { didYouMean, nearest } from './suggest.ts'

describe('a mistyped word', () => {
  const known = ['publish', 'status', 'nodes', 'log', 'rollback', 'web/site']
  it.each([
    ['pubilsh', 'publish'],
    ['statsu', 'status'],
    ['Nodes', 'nodes'],
    ['lgo', 'log'],
    ['rolback', 'rollback'],
    ['web/stie', 'web/site'],
  ])('%s is %s', (typed, meant) => expect(nearest(typed, known)).toBe(meant))

  it.each(['xyzzy', 'frobnicate', ''])('%s is nothing near', (typed) => expect(didYouMean(typed, known)).toBe(''))

  it('is itself when it is known, and never takes long', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ maxLength: 300 }), { minLength: 1 }), (words) =>
        words.every((word) => nearest(word, words)?.toLowerCase().slice(0, 64) === word.toLowerCase().slice(0, 64)),
      ),
    )
  })
})

describe('a duration', () => {
  it.each([
    ['30s', 30_000],
    ['1h30m', 5_400_000],
    ['250ms', 250],
    ['2d', 172_800_000],
    ['1w', 604_800_000],
  ])('%s', (text, millis) => expect(parseDuration(text, '--for')).toBe(millis))

  it.each(['', '5', 's', '1.5h', '-1s', '1 h', '0s', '99999999999999w'])('%j is none', (text) => {
    expect(() => parseDuration(text, '--for')).toThrow(expect.objectContaining({ code: 'E_USAGE' }))
  })
})

describe('KEY=VALUE', () => {
  it('keeps everything after the first equals sign, and the last of a key', () => {
    expect(parsePairs(['a=b=c', 'x=', 'a=2'], '--set')).toEqual({ a: '2', x: '' })
  })
  it.each(['a', '=b', '__proto__=1'])('%s is refused', (text) => {
    expect(() => parsePairs([text], '--set')).toThrow(expect.objectContaining({ code: 'E_USAGE' }))
  })
})

describe('options', () => {
  it('are read by the name that was typed', () => {
    const options = optionsOf({ dryRun: true, rootKey: ['a', 'b'], uses: '3', name: 'n' })
    expect([
      options.flag('dry-run'),
      options.list('root-key'),
      options.count('uses'),
      options.text('name'),
      options.text('other'),
    ]).toEqual([true, ['a', 'b'], 3, 'n', undefined])
  })
})

describe('a listen address', () => {
  it.each([
    ['0.0.0.0:4700', '/ip4/0.0.0.0/tcp/4700'],
    ['[::1]:0', '/ip6/::1/tcp/0'],
    ['node.example:7731', '/dns/node.example/tcp/7731'],
    ['/ip4/10.0.0.1/tcp/1', '/ip4/10.0.0.1/tcp/1'],
  ])('%s', (text, expected) => expect(listenAddress(text, '--listen')).toBe(expected))
  it.each(['7731', 'host', 'host:99999', 'a b:1', ':80'])('%s is none', (text) => {
    expect(() => listenAddress(text, '--listen')).toThrow(expect.objectContaining({ code: 'E_USAGE' }))
  })
})
