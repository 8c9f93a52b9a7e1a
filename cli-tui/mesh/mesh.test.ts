import { describe, expect, it } from 'vitest'
import type { NodeRow } from '../../node/control/index.ts'
import { findNode, nodeNamed } from './names.ts'
import { currentOf, versionNamed } from './versions.ts'
import type { VersionEntry } from './versions.ts'
import { progressOf } from './wait.ts'

const node = (name: string, id: string, more: Partial<NodeRow> = {}): NodeRow => ({
  name,
  id: `12D3KooW${id}`,
  key: id.padEnd(64, '0'),
  labels: {},
  state: 'ok',
  ageMs: 1000,
  agent: '0.1.0',
  presence: 'always',
  provisional: false,
  self: false,
  addrs: [],
  facts: {},
  policies: {},
  ...more,
})
const nodes = [node('web-1', 'Aaaa1111'), node('web-10', 'Bbbb2222'), node('db', 'Abcd3333')]

describe('a node', () => {
  it.each([
    ['web-1', 'web-1'],
    ['web-10', 'web-10'],
    ['d', 'db'],
    ['Bbb', 'web-10'],
    ['12D3KooWAb', 'db'],
    ['Aaaa1111'.padEnd(64, '0'), 'web-1'],
  ])('can be called %s', (text, name) => expect(findNode(nodes, text)?.name).toBe(name))

  it.each(['web', 'A', '12D3KooW'])('%s could be several', (text) => {
    expect(() => findNode(nodes, text)).toThrow(expect.objectContaining({ code: 'E_AMBIGUOUS' }))
  })

  it('that is not there is named with the nearest', () => {
    expect(() => nodeNamed(nodes, 'bd')).toThrow('no node is called "bd"; did you mean "db"?')
  })
})

describe('waiting', () => {
  const at = (version: string, state: NodeRow['state'], code?: string): Partial<NodeRow> => ({
    policies: { p: { version, state, ...(code === undefined ? {} : { code }) } },
  })
  const fleet = [
    node('done', 'A', at('v2', 'ok')),
    node('self', 'B', { ...at('v2', 'ok'), self: true, ageMs: null }),
    node('old', 'C', at('v1', 'ok')),
    node('broken', 'D', at('v2', 'failed', 'E_EXEC')),
    node('silent', 'E', { ...at('v1', 'ok'), ageMs: 11 * 60_000 }),
    node('never', 'F', { ageMs: null }),
    node('other', 'G', at('v1', 'ok')),
  ]
  const selected = new Set(fleet.slice(0, 6).map((row) => row.key))

  it('counts who was seen in 10 minutes, and lists the rest', () => {
    expect(progressOf(fleet, selected, 'p', 'v2', 'apply')).toEqual({
      converged: false,
      done: ['done', 'self'],
      rest: [
        { name: 'old', state: 'behind', code: null, ageMs: 1000 },
        { name: 'broken', state: 'failed', code: 'E_EXEC', ageMs: 1000 },
      ],
      unseen: ['silent', 'never'],
    })
  })

  it('is over when all that were seen run it', () => {
    expect(progressOf(fleet.slice(0, 2), selected, 'p', 'v2', 'apply').converged).toBe(true)
    expect(progressOf([], new Set(), 'p', 'v2', 'apply').converged).toBe(true)
  })

  it('for a retired policy is over when nobody runs it', () => {
    expect(progressOf(fleet.slice(0, 1), selected, 'p', 'v2', 'retire').converged).toBe(false)
    expect(progressOf([node('gone', 'A')], selected, 'p', 'v2', 'retire').converged).toBe(true)
  })
})

describe('a version', () => {
  const entry = (seq: number, id: string, more: Partial<VersionEntry> = {}): VersionEntry => ({
    id,
    type: 'feed/version',
    policy: 'p',
    seq,
    parents: [],
    action: 'apply',
    author: { key: '', name: '' },
    at: 0,
    by: '',
    message: '',
    bundle: null,
    selector: 'true',
    counts: true,
    code: null,
    reason: '',
    winner: false,
    head: false,
    ...more,
  })
  const versions = [
    entry(3, 'bafyc333333', { head: true }),
    entry(3, 'bafyd444444', { head: true, winner: true }),
    entry(2, 'bafyb222222'),
    entry(1, 'bafya111111', { counts: false }),
  ]

  it('can be called by its number, or by either end of its id', () => {
    expect([
      versionNamed(versions, '2').id,
      versionNamed(versions, 'bafyc').id,
      versionNamed(versions, '444444').id,
    ]).toEqual(['bafyb222222', 'bafyc333333', 'bafyd444444'])
    expect(() => versionNamed(versions, '3')).toThrow(expect.objectContaining({ code: 'E_AMBIGUOUS' }))
    expect(() => versionNamed(versions, '9')).toThrow(expect.objectContaining({ code: 'E_NOT_FOUND' }))
  })

  it('in force is the winner', () => expect(currentOf(versions)?.id).toBe('bafyd444444'))
})
