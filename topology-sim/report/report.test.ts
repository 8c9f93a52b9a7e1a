import { beforeAll, describe, expect, it } from 'vitest'
import type { RunResult } from '../run/result.ts'
import { runScenario } from '../run/run.ts'
import { AGAIN, setupOf } from '../run/testing/small.ts'
import { csvFiles } from './csv.ts'
import { bytesText, msText, shareText } from './format.ts'
import { htmlReport } from './html.ts'
import { compareRuns, mergeRuns, metricsOf } from './metrics.ts'
import { parseRuns } from './read-run.ts'
import { differenceOf, intervalOf, t95 } from './stats.ts'

const TEXT = `
scenario: <b>Bold</b> "title" </script><script>alert(1)</script>
fleet: { a: { count: 8, region: x }, b: { count: 8, region: "y" } }
regions: { x: {}, "y": {} }
policies: { p: { select: "true", resources: { file/x: { failsOn: node.name == 'a-2' } } } }
events: [{ at: 1s, publish: p }]
`
const runs: RunResult[] = []
beforeAll(async () => {
  for (const seed of [1, 2, 3, 4]) runs.push(await runScenario(setupOf(TEXT, { seed }), AGAIN))
})
const first = (): RunResult => runs[0] ?? expect.unreachable()

describe('figures of several runs', () => {
  it('have the intervals of the textbook', () => {
    // Student's example of ten differences (1908): mean 1.58, deviation 1.23.
    const sleep = [1.2, 2.4, 1.3, 1.3, 0, 1, 1.8, 0.8, 4.6, 1.4]
    const { mean, plusMinus } = intervalOf(sleep)
    expect(mean).toBeCloseTo(1.58, 5)
    expect(plusMinus).toBeCloseTo(0.88, 2)
    expect([t95(1), t95(30), t95(1000)]).toEqual([12.706, 2.042, expect.closeTo(1.962, 2)])
    expect(intervalOf([3])).toEqual({ runs: 1, mean: 3, plusMinus: null })
  })

  it('differ by more than their interval, or not', () => {
    expect(differenceOf([1, 2, 3], [11, 12, 13])).toMatchObject({ mean: 10, plusMinus: expect.closeTo(2.267, 2) })
    expect(differenceOf([5, 5], [5, 5])).toMatchObject({ mean: 0, plusMinus: 0 })
    expect(differenceOf([1], [2]).plusMinus).toBeNull()
  })

  it('are merged by name', () => {
    const merged = mergeRuns(runs)
    expect(merged.map(({ name }) => name)).toContain('p: applied p99')
    expect(merged.every(({ interval }) => interval.runs === 4 && interval.plusMinus !== null)).toBe(true)
  })

  it('are compared: the same runs are the same, slower ones are worse', () => {
    expect(compareRuns(runs, runs).every(({ verdict }) => verdict === 'same')).toBe(true)
    const slower = runs.map((run) => ({
      ...run,
      publications: run.publications.map((one) => ({
        ...one,
        applied: { ...one.applied, p50: (one.applied.p50 ?? 0) + 1e6 },
      })),
    }))
    const verdicts = new Map(compareRuns(runs, slower).map(({ name, verdict }) => [name, verdict]))
    expect(verdicts.get('p: applied p50')).toBe('worse')
    expect(verdicts.get('p: applied p90')).toBe('same')
    expect(compareRuns(slower, runs).find(({ name }) => name === 'p: applied p50')?.verdict).toBe('better')
    expect(
      compareRuns(runs.slice(0, 1), slower.slice(0, 1)).find(({ name }) => name === 'p: applied p50')?.verdict,
    ).toBe('unsure')
  })

  it('cover what an operator asks for', () => {
    const names = metricsOf(first()).map(({ name }) => name)
    for (const name of [
      'p: reliability',
      'p: delivered p50',
      'p: applied last',
      'p: copies a node',
      'bytes a node, p99',
      'isolated nodes',
    ])
      expect(names).toContain(name)
  })
})

describe('what a run leaves behind', () => {
  it('is read back as it was written', () => {
    expect(parseRuns(JSON.stringify(first()))).toEqual([first()])
    expect(parseRuns(JSON.stringify({ v: 1, kind: 'sim-seeds', runs }))).toHaveLength(4)
    for (const text of ['', '{}', '[]', '{"v":2,"kind":"sim-run"}', JSON.stringify({ ...first(), v: 2 })])
      expect(parseRuns(text)).toBeNull()
  })

  it('is tables that spreadsheets take', () => {
    const files = csvFiles(first())
    expect(Object.keys(files)).toEqual([
      'publications.csv',
      'regions.csv',
      'convergence.csv',
      'failed-hosts.csv',
      'timeline.csv',
    ])
    const [head = '', row = ''] = (files['publications.csv'] ?? '').split('\r\n')
    expect(row.split(',')).toHaveLength(head.split(',').length)
    expect(files['failed-hosts.csv']).toMatch(/\np,a-2,[\d.]+,file\/x\r\n$/)
    expect(csvFiles({ ...first(), timeline: [{ atMs: 1, kind: 'x', text: '=cmd(), "a"' }] })['timeline.csv']).toBe(
      'at,kind,what\r\n1,x,"\'=cmd(), ""a"""\r\n',
    )
  })

  it('is one page that fetches nothing and runs nothing of what it shows', () => {
    const page = htmlReport(first())
    expect(page).toContain('&lt;b&gt;Bold&lt;/b&gt;')
    expect(page.match(/<script/g)).toHaveLength(3)
    expect(page.match(/<\/script>/g)).toHaveLength(3)
    expect(page).not.toMatch(/(src|href)="?https?:/)
    expect(page).toContain("default-src 'none'")
  })

  it('says amounts in words that fit a line', () => {
    expect([0.04, 9.876, 431.2, 12_345, 600_000, 9e6].map(msText)).toEqual([
      '0.04 ms',
      '9.88 ms',
      '431 ms',
      '12.35 s',
      '10 min',
      '2.5 h',
    ])
    expect([0, 999, 1500, 2.5e9].map(bytesText)).toEqual(['0 B', '999 B', '1.5 kB', '2.5 GB'])
    expect([1, 0.999999, 0.5, 0].map(shareText)).toEqual(['100%', '99.999%', '50%', '0%'])
  })
})
