import { describe, expect, it } from 'vitest'
import type { RunResult } from '../run/result.ts'
import { runScenario } from '../run/run.ts'
import { AGAIN, setupOf } from '../run/testing/small.ts'

/** 20 MB over lines of 20 Mbit: 8 s for whoever is alone with a peer that gives it all. */
const large = (events: string): Promise<RunResult> =>
  runScenario(
    setupOf(`
scenario: A large bundle
run: 20m
fleet: { web: { count: 60 }, bad: { count: 10 } }
regions: { a: { latency: 5ms, bandwidth: 20Mbit } }
policies: { p: { select: "true", size: 20MB } }
events:
  - { at: 1s, publish: p }
${events}`),
    AGAIN,
  )
const last = ({ publications }: RunResult): number => publications[0]?.applied.last ?? Number.NaN

describe('a large bundle over lines of some width', () => {
  it('is passed on piece by piece: 70 nodes have it in a few times what one of them takes', async () => {
    const run = await large('')
    expect(run.publications[0]).toMatchObject({ converged: 1, applied: { count: 70 } })
    expect(last(run)).toBeGreaterThan(8_000)
    expect(last(run)).toBeLessThan(32_000)
    // Nobody carries the others: each gives away about what it got.
    expect(run.traffic.bytesPerNode.p50).toBeLessThan(3 * 20e6)
    expect(run.traffic.bytesBy.blobs).toBeGreaterThan(69 * 20e6)
    expect(run.traffic.bytesBy.blobs).toBeLessThan(69 * 20e6 * 1.1)
    expect((await large('')).traceHash).toBe(run.traceHash)
  })

  it('is asked of a seed once before it is repeated, when all know only the seed', async () => {
    const { publications } = await runScenario(
      setupOf(`
scenario: All know all
fleet: { web: { count: 20 } }
regions: { a: { latency: 10ms, bandwidth: 10Mbit } }
overlay: { kind: full }
policies: { p: { select: "true", size: 2MB } }
events: [{ at: 1s, publish: p }]
`),
      AGAIN,
    )
    // 1.6 s is the least, 30 s if the seed sent it to each of them.
    expect(publications[0]?.applied.count).toBe(20)
    expect(publications[0]?.applied.last).toBeLessThan(8_000)
  })

  it.each(['drop', 'lie-about-blobs'])('comes although some %s', async (how) => {
    const run = await large(`  - { at: 500ms, malicious: group == 'bad', do: ${how}, for: 5m }\n`)
    expect(run.publications[0]?.converged).toBe(1)
    expect(last(run)).toBeLessThan(320_000)
    expect(run.violations).toEqual([])
  })

  it('goes on with the pieces that a disk kept, and comes whole to one that lost them', async () => {
    const run = await large(
      "  - { at: 8s, crash: node.name == 'web-7', for: 60s }\n  - { at: 8s, crash: node.name == 'web-8', for: 60s, disk: lose }\n" +
        '  - { at: 9s, partition: 20%, for: 30s }\n',
    )
    expect(run.publications[0]).toMatchObject({ converged: 1, applied: { count: 70 } })
    expect(run.convergence.converged).toBe(70)
  })
})
