import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { TestMesh } from '../test/support/mesh.ts'
import { build } from '../test/support/policy.ts'
import {
  cfengine,
  chorus,
  chorusPolicy,
  contentOf,
  drift,
  empty,
  puppet,
  type SmallFilesTool,
} from './comparators/small-files.ts'
import { round, spreadOf } from './lib/figures.ts'
import { sleep, usageOf } from './lib/processes.ts'
import { report } from './lib/results.ts'

/**
 * Small files made, kept and put right: cold, with nothing to do, and with ten of them changed; `chorus converge` once and
 * the resident daemon, beside CFEngine and Puppet as far as they are installed. The tools take turns, so that a slow
 * moment of the machine hits all of them.
 * Usage: node bench/converge.ts [runs] [files] [large: files of the second round]
 */
const RUNS = Number(process.argv[2] ?? 5)
const FILES = Number(process.argv[3] ?? 1_000)
const LARGE = Number(process.argv[4] ?? 10_000)
const DRIFTED = 10
/** Recorded figures of shared/BENCH.md: too slow for every run. */
const ANSIBLE = { coldS: 232, nothingS: 245, peakMb: [68, 75], recorded: true }

type Phase = 'cold' | 'nothing' | 'drifted'
type Samples = Record<Phase, number[]>

const dir = mkdtempSync(join(tmpdir(), 'chorus-bench-converge-'))
try {
  const few = once(FILES, RUNS, true)
  const many = once(LARGE, RUNS, false)
  const resident = await daemon()
  const cf = few['cfengine3']
  const ratio = (mine: number | undefined, other: number | undefined): number | null =>
    mine === undefined || other === undefined ? null : round(mine / other)
  const folder = few['chorus converge (folder)']
  report('converge', {
    runs: RUNS,
    files: FILES,
    drifted: DRIFTED,
    emptyNodeMs: spreadOf(Array.from({ length: RUNS }, () => timed([process.execPath, '-e', '0']))),
    once: few,
    large: { files: LARGE, once: many },
    resident,
    ansible: ANSIBLE,
    ratios: {
      onceCold: ratio(folder?.cold?.p50, cf?.cold?.p50),
      onceNothing: ratio(folder?.nothing?.p50, cf?.nothing?.p50),
      residentNothing: ratio(resident.nothingMs.p50, cf?.nothing?.p50),
    },
    aims: { onceCold: 1, onceNothing: 1.2, residentNothing: 0.15, repairMs: 100 },
  })
} finally {
  rmSync(dir, { recursive: true, force: true })
}

interface OnceFigures {
  readonly absent?: string
  readonly cold?: ReturnType<typeof spreadOf>
  readonly nothing?: ReturnType<typeof spreadOf>
  readonly drifted?: ReturnType<typeof spreadOf>
  readonly peakMb?: number
}

/** Wall milliseconds of whole commands. */
function once(files: number, runs: number, withPuppet: boolean): Record<string, OnceFigures> {
  const here = join(dir, String(files))
  const tools = [
    cfengine(here, files, runs),
    chorus(here, files, runs, 'folder'),
    chorus(here, files, runs, 'bundle'),
    ...(withPuppet ? [puppet(here, files, runs)] : []),
  ]
  bundleOf(here)
  const samples = new Map<SmallFilesTool, Samples>(tools.map((tool) => [tool, { cold: [], nothing: [], drifted: [] }]))
  for (let i = 0; i < runs; i++) for (const tool of tools) sample(tool, samples.get(tool))
  return Object.fromEntries(
    tools.map((tool): [string, OnceFigures] => {
      if (tool.argv === null) return [tool.name, { absent: 'comparator absent' }]
      const { cold = [], nothing = [], drifted = [] } = samples.get(tool) ?? {}
      const figures = { cold: spreadOf(cold), nothing: spreadOf(nothing), drifted: spreadOf(drifted) }
      return [tool.name, { ...figures, peakMb: peakOf(tool.argv) }]
    }),
  )
}

function bundleOf(here: string): void {
  const main = join(import.meta.dirname, '../dist/bin/chorus.js')
  run([process.execPath, main, 'build', join(here, 'policy-bundle'), '-o', join(here, 'policy-bundle.bundle')])
}

function sample(tool: SmallFilesTool, into: Samples | undefined): void {
  if (tool.argv === null || into === undefined) return
  empty(tool)
  into.cold.push(timed(tool.argv))
  verify(tool)
  into.nothing.push(timed(tool.argv))
  drift(tool, DRIFTED)
  into.drifted.push(timed(tool.argv))
  verify(tool)
}

/** A tool that did nothing must not count as a fast one. */
function verify({ name, out }: SmallFilesTool): void {
  const found = readFileSync(join(out, 'f0'), 'utf8')
  if (found !== contentOf(0)) throw new Error(`${name} left ${out}/f0 as ${JSON.stringify(found.slice(0, 40))}`)
}

function timed(argv: readonly string[]): number {
  const start = performance.now()
  run(argv)
  return performance.now() - start
}

function run([command = '', ...args]: readonly string[]): void {
  const { status, stderr } = spawnSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'ignore', 'pipe'] })
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${status}: ${stderr.slice(0, 500)}`)
}

/** Peak resident megabytes of one more run, read while it works. */
function peakOf([command = '', ...args]: readonly string[]): number {
  const script = `
    const { spawn } = require('node:child_process'), { readFileSync } = require('node:fs')
    const child = spawn(process.argv[1], process.argv.slice(2), { stdio: 'ignore' })
    let peak = 0
    const look = setInterval(() => {
      try { peak = Math.max(peak, Number(/VmHWM:\\s+(\\d+)/.exec(readFileSync('/proc/' + child.pid + '/status', 'utf8'))?.[1] ?? 0)) } catch {}
    }, 2)
    child.once('exit', () => { clearInterval(look); console.log(peak) })`
  const { stdout } = spawnSync(process.execPath, ['-e', script, command, ...args], { encoding: 'utf8' })
  return round(Number(stdout) / 1024)
}

/** A daemon with the same files as a policy: what it does when nothing is to be done, and after a file was changed. */
async function daemon() {
  const mesh = await TestMesh.create()
  try {
    const node = mesh.node(1)
    const out = join(dir, 'resident')
    const { id } = await mesh.publish(node, build(chorusPolicy(out, FILES)), { local: true })
    const started = performance.now()
    while ((await node.status()).policies.find((one) => one.policy === 'bench/files')?.state !== 'ok') await sleep(20)
    const coldMs = performance.now() - started
    const nothing: number[] = []
    for (let i = 0; i < RUNS * 3; i++) {
      const start = performance.now()
      await node.client.converge()
      nothing.push(performance.now() - start)
      await sleep(100)
    }
    const repairs: number[] = []
    // At the tenth correction within ten minutes a node suspects somebody else at work, and slows down.
    for (let i = 0; i < 9; i++) {
      // Apart, so that no two of them are one correction.
      await sleep(2_500)
      repairs.push(await repairMs(join(out, `f${i}`), contentOf(i)))
    }
    return {
      version: id,
      coldMs: round(coldMs),
      nothingMs: spreadOf(nothing),
      repairMs: spreadOf(repairs),
      ...usageOf(node.pid),
    }
  } finally {
    await mesh.close()
  }
}

/** From the change to the moment at which the file is right again. */
async function repairMs(path: string, wanted: string): Promise<number> {
  writeFileSync(path, 'changed by hand\n')
  const start = performance.now()
  while (readFileSync(path, 'utf8') !== wanted) {
    if (performance.now() - start > 30_000) throw new Error(`${path} is not repaired`)
    await sleep(1)
  }
  return performance.now() - start
}
