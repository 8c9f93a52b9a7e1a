import { describe, expect, it } from 'vitest'
import { grantTo } from '../core/index.ts'
import type { Grant } from '../core/index.ts'
import { History } from '../control/fleet/history.ts'
import type { NodeWorld } from '../control/views/world.ts'
import { receiptSchema } from '../control/fleet/schema.ts'
import { actor } from '../../test/support/tools.ts'
import { join, meshOf, Probe } from '../../test/support/probe.ts'
import { worldOf } from '../../test/support/world.ts'
import type { RunReport } from './converger.ts'
import { RECEIPT_LIMITS, receiptFor, RunList } from './receipts.ts'

type Outcome = RunReport['outcomes'][number]

const SELF = 'db-1'
const outcome = (policy: string, but: Partial<Outcome> = {}): Outcome => ({
  policy,
  key: 'file/motd',
  state: 'changed',
  reason: 'new content',
  ...but,
})
const report = (outcomes: readonly Outcome[], why: RunReport['why'] = 'wanted'): RunReport => ({
  why,
  outcomes,
  changed: true,
  converged: true,
  ms: 12.4,
  handsOff: null,
})

/** A node `db-1` with role db, in a mesh whose charter has these grants. */
function node(grants: readonly Grant[], outcomes: readonly Outcome[] = [outcome('web/site'), outcome('db/backup')]) {
  const scene = meshOf({ grants: [grantTo(actor('n1').key), ...grants] })
  join(scene, SELF, { role: 'db' })
  join(scene, 'eve')
  const probe = new Probe(SELF, scene.records, scene.now, {
    selects: (selector, { labels }) => selector === 'true' || selector === labels['role'],
  })
  const world = (): NodeWorld => worldOf(probe)
  const [runs, history] = [new RunList(), new History()]
  runs.add(report(outcomes), 1000)
  history.add({ at: 1, kind: 'run', level: 'info', message: 'a run', fields: {} })
  history.add({ at: 2, kind: 'synced', level: 'debug', message: 'a detail', fields: {} })
  return { known: { world, runs, history }, runs }
}

const observe = (but: Partial<Grant> = {}): Grant => grantTo(actor('eve').key, { verbs: ['observe'], ...but })
const policiesOf = (receipt: ReturnType<typeof receiptFor>): string[] =>
  receipt?.runs.flatMap(({ outcomes }) => outcomes.map(({ policy }) => policy)) ?? []

describe('what a node tells of itself', () => {
  it('is all to itself, and fits the schema that the other end checks', () => {
    const { known } = node([])
    const own = receiptFor(known, actor(SELF).key)
    expect(policiesOf(own)).toEqual(['web/site', 'db/backup'])
    expect(own?.log.map(({ message }) => message)).toEqual(['a run'])
    expect(receiptSchema.parse(own)).toEqual(own)
  })

  it('is nothing to members and publishers without the verb observe', () => {
    const { known } = node([])
    expect(receiptFor(known, actor('eve').key)).toBe(null)
    expect(receiptFor(known, actor('n1').key)).toBe(null)
    expect(receiptFor(known, actor('a stranger').key)).toBe(null)
  })

  it('is only of policies that the grant covers, and then without the log, which tells of all', () => {
    const { known } = node([observe({ policies: ['db/*'] })])
    const told = receiptFor(known, actor('eve').key)
    expect(policiesOf(told)).toEqual(['db/backup'])
    expect(told?.log).toEqual([])
    expect(receiptFor(node([observe()]).known, actor('eve').key)?.log).toHaveLength(1)
  })

  it('is nothing where the grant does not select this node, or has expired', () => {
    expect(receiptFor(node([observe({ selector: 'db' })]).known, actor('eve').key)).not.toBe(null)
    expect(receiptFor(node([observe({ selector: 'web' })]).known, actor('eve').key)).toBe(null)
    expect(receiptFor(node([observe({ expires: 1 })]).known, actor('eve').key)).toBe(null)
  })
})

describe('what is too much', () => {
  it('is cut where a diff is long, and said', () => {
    const diff = '+line\n'.repeat(4000)
    const { known } = node([], [outcome('web/site', { diff })])
    const told = receiptFor(known, actor(SELF).key)
    const shown = told?.runs[0]?.outcomes[0]?.diff ?? ''
    expect(shown.length).toBeLessThan(RECEIPT_LIMITS.diffBytes + 40)
    expect(shown).toMatch(/\(\d+ more\)\n$/)
    expect(told?.cut).toEqual(['diffs beyond 8 KiB'])
  })

  it('is left out in an order that keeps what went wrong, until the answer fits', () => {
    const long = 'x'.repeat(2000)
    const many = Array.from({ length: 400 }, (_, index) => outcome('web/site', { key: `file/${index}`, reason: long }))
    const { known } = node([], many)
    const told = receiptFor(known, actor(SELF).key)
    expect(JSON.stringify(told).length).toBeLessThanOrEqual(RECEIPT_LIMITS.bytes)
    expect(told?.cut).toContain('runs')
  })

  it('is not kept: the newest run, and older ones only if they did something', () => {
    const { known, runs } = node([])
    for (let at = 0; at < 30; at++) runs.add(report([outcome('web/site', { state: 'kept' })], 'periodic'), at)
    expect(runs.list.map(({ why, kept }) => [why, kept])).toEqual([
      ['periodic', 1],
      ['wanted', 0],
    ])
    for (let at = 0; at < 30; at++) runs.add(report([outcome('web/site')]), at)
    expect(receiptFor(known, actor(SELF).key)?.runs).toHaveLength(RECEIPT_LIMITS.runs)
  })
})
