import { availableParallelism } from 'node:os'
import { join, resolve } from 'node:path'
import {
  mergeRuns,
  nodesOf,
  reduceEvents,
  msText,
  countText,
  type Merged,
  type RunProgress,
  type RunResult,
} from '../../topology-sim/index.ts'
import type { Context, Invocation } from '../command.ts'
import { CliError, EXIT } from '../errors.ts'
import type { Exit } from '../errors.ts'
import type { Progress } from '../out/progress.ts'
import { plural } from '../out/text.ts'
import { memoryFor } from '../sim/memory.ts'
import { runOnce, setupOf } from '../sim/once.ts'
import { prepare, type Prepared, type SimRequest } from '../sim/prepare.ts'
import { parseSeed, parseSeeds } from '../sim/seed-range.ts'
import { runSeeds } from '../sim/seeds.ts'
import { mergedText, summary } from '../sim/summary.ts'
import { writeReport } from '../sim/write-report.ts'

/** `chorus sim run --seeds --json`; of one seed it is the run itself (`RunResult`). */
export interface SimSeedsOutput {
  readonly scenario: string
  readonly runs: readonly RunResult[]
  readonly merged: readonly Merged[]
}

export async function run(context: Context, { args, options }: Invocation): Promise<Exit> {
  const { io, out } = context
  const [seed, range] = [options.text('seed'), options.text('seeds')]
  if (seed !== undefined && range !== undefined) throw new CliError('E_USAGE', 'give --seed or --seeds, not both')
  const request: SimRequest = {
    file: args[0] ?? '',
    cwd: io.cwd,
    seed: seed === undefined ? null : parseSeed(seed),
    nodes: options.count('nodes') ?? null,
    fleet: options.text('fleet') ?? null,
    policies: options.list('policy'),
    fail: options.text('fail') ?? null,
  }
  const seeds = range === undefined ? null : parseSeeds(range)
  const jobs = Math.min(seeds?.length ?? 1, options.count('jobs') ?? Math.max(1, availableParallelism() >> 1))
  const prepared = prepare(request, (text) => out.note(text))
  if (options.flag('tui')) {
    if (seeds !== null) throw new CliError('E_USAGE', '--tui shows one run: leave --seeds out')
    return await (await import('../sim/tui.ts')).showRun(context, prepared)
  }
  const memory = memoryFor(prepared.scenario, jobs, process.availableMemory())
  const nodes = nodesOf(prepared.scenario)
  const progress = out.progress(`making ${plural(nodes, 'node')}`)
  let runs: RunResult[]
  try {
    if (seeds === null && memory.fitsHere && nodes <= IN_THIS_THREAD) {
      const onProgress = lineFor(progress, io.now)
      runs = [await runOnce(prepared, { onProgress, signal: io.signal, now: io.now })]
    } else {
      const all = seeds ?? [prepared.scenario.seed]
      const onProgress = linesFor(progress, io.now, all.length)
      runs = await runSeeds(request, all, { jobs, memory, onProgress, signal: io.signal })
    }
  } finally {
    progress.stop()
  }
  const report = options.text('report')
  if (report !== undefined) keep(context, report, runs, seeds !== null)
  if (seeds === null) for (const one of runs) out.result('sim-run', withoutKind(one), (_, paint) => summary(one, paint))
  else showSeeds(context, prepared.scenario.scenario, runs, jobs)
  if (request.fail !== null && runs.every(({ publications }) => publications.every(({ blast }) => blast.failed === 0)))
    out.note(`--fail ${JSON.stringify(request.fail)} was true of no node that got a version: nothing failed by it.`)
  const end = verdict(context, request, runs, seeds?.length ?? 1)
  const broken = runs.find(({ complete, violations }) => complete && violations.length > 0)
  if (broken !== undefined) await explain(context, prepared, broken)
  return end
}

/** Runs up to this long are run again, with fewer events each time; a reduction of longer ones is not worth the wait. */
const REDUCED_MS = 20_000

/** The shortest scenario that still breaks the same invariant, by the lines of its events. */
async function explain(
  { io, out }: Context,
  prepared: Prepared,
  { seed, violations, machine }: RunResult,
): Promise<void> {
  const [violation] = violations
  if (violation === undefined || (machine?.tookMs ?? 0) > REDUCED_MS) return
  const progress = out.progress('looking for the fewest events that break it')
  try {
    const setup = await setupOf({ ...prepared, scenario: { ...prepared.scenario, seed } })
    const events = await reduceEvents(setup, prepared.again, violation.invariant, {
      signal: io.signal,
      onSlice: () => new Promise((done) => void setImmediate(done)),
    })
    const kept = events.map(({ line, kind, atMs }) => `line ${line}: ${kind} at ${msText(atMs)}`)
    out.note(`These events alone break it (seed ${seed}):\n  ${kept.join('\n  ')}`)
  } finally {
    progress.stop()
  }
}

/** Making more nodes takes seconds in which nothing else would move: they get a thread of their own. */
const IN_THIS_THREAD = 20_000

/** `kind` and `v` are the document's own. */
function withoutKind({ v: _v, kind: _kind, ...rest }: RunResult): Omit<RunResult, 'v' | 'kind'> {
  return rest
}

function keep({ io, out }: Context, report: string, runs: readonly RunResult[], several: boolean): void {
  const dir = resolve(io.cwd, report)
  for (const one of runs) {
    const own = several ? join(dir, `seed-${one.seed}`) : dir
    const files = writeReport(own, one)
    if (!several) out.note(`${report}: ${files.join(', ')}`)
  }
  if (several) out.note(`${report}: a folder for each of ${plural(runs.length, 'seed')}`)
}

function showSeeds({ out }: Context, scenario: string, runs: readonly RunResult[], jobs: number): void {
  const data: SimSeedsOutput = { scenario, runs, merged: mergeRuns(runs) }
  out.result('sim-seeds', data, ({ merged }, paint) => {
    const nodes = runs[0]?.nodes ?? 0
    const title = `${paint('bold', scenario)}\n${paint('dim', `${countText(nodes)} nodes, ${plural(jobs, 'job')}`)}\n`
    const failed = runs.flatMap(({ seed, expectations }) =>
      expectations
        .filter(({ ok }) => !ok)
        .map(({ text, found }) => `  ${paint('red', '✗')} seed ${seed}: ${text}: ${found}\n`),
    )
    return `${title}\n${mergedText(runs.length, merged, paint)}\n${failed.join('')}`
  })
}

/** Exit 3 for what was expected and did not come, or must never come; 1 for a run that was stopped. */
function verdict({ out }: Context, { file }: SimRequest, runs: readonly RunResult[], wanted: number): Exit {
  if (runs.length < wanted || runs.some(({ complete }) => !complete)) {
    const nothing = 'stopped while the nodes were made: nothing had happened yet, so there is nothing to report'
    out.warn(runs.length === 0 ? nothing : 'stopped before the end; what is here is partial')
    return EXIT.error
  }
  const broken = runs.find(({ violations }) => violations.length > 0)
  if (broken !== undefined)
    out.warn(`an invariant was broken; show it again with: chorus sim run ${file} --seed ${broken.seed}`)
  const failed = runs.some(({ expectations }) => expectations.some(({ ok }) => !ok))
  return failed || broken !== undefined ? EXIT.notConverged : EXIT.done
}

/** The virtual clock, what was done, and an estimate of what is left: the run may end earlier than its limit. */
function lineFor(progress: Progress, now: () => number): (at: RunProgress) => void {
  const startedAt = now()
  return (at) => progress.update(`${textOf(at)}${leftOf(at, now() - startedAt)}`)
}

function textOf({ nowMs, endMs, events }: RunProgress): string {
  return `${msText(nowMs)} of at most ${msText(endMs)}, ${countText(events)} events`
}

/** Some real time must have passed for its ratio to virtual time to say anything. */
const ESTIMATE_AFTER_MS = 1_000

function leftOf({ nowMs, endMs }: RunProgress, tookMs: number): string {
  if (tookMs < ESTIMATE_AFTER_MS || nowMs <= 0) return ''
  return `, at most ${msText(Math.round((tookMs * (endMs - nowMs)) / nowMs / 1000) * 1000)} left`
}

function linesFor(progress: Progress, now: () => number, seeds: number): (seed: number, at: RunProgress) => void {
  const startedAt = now()
  const seen = new Map<number, RunProgress>()
  return (seed, at) => {
    seen.set(seed, at)
    const done = [...seen.values()].reduce((sum, { nowMs, endMs }) => sum + Math.min(1, nowMs / endMs), 0)
    const all: RunProgress = {
      nowMs: done,
      endMs: seeds,
      events: [...seen.values()].reduce((sum, { events }) => sum + events, 0),
    }
    const one = seeds === 1 ? textOf(at) : `seed ${seed}: ${textOf(at)}`
    progress.update(`${one}${leftOf(all, now() - startedAt)}`)
  }
}
