import { spawn } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { ledgerMutants } from './mutants/ledger.ts'
import { memberMutants } from './mutants/members.ts'
import { recordMutants } from './mutants/records.ts'
import type { Mutant } from './mutants/types.ts'
import { report } from './lib/results.ts'

/**
 * Takes the engine's rules out, one at a time, in a copy of the tree, and plays the seeds of the random faults until one
 * of them breaks a promise. A mutant that no seed kills is a rule that nobody would miss, or a fault that is missing.
 *
 *     npm run bench:mutants [-- --only "words of a name"]
 */
const SEEDS = 200
const DENSE = 120
const PARTS = [
  'policies',
  'node/core',
  'node/crypto.ts',
  'topology-sim/kernel',
  'topology-sim/lab',
  'topology-sim/faults',
  'test/sim',
  'package.json',
]
/** Of the simulator's door, the lines of these rooms. */
const ROOMS = /^export .*'\.\/(kernel|lab|faults)\//

const root = join(import.meta.dirname, '..')
const only = process.argv.includes('--only') ? (process.argv[process.argv.indexOf('--only') + 1] ?? '') : ''
const mutants = [...recordMutants, ...ledgerMutants, ...memberMutants].filter(({ name }) => name.includes(only))

interface Outcome {
  readonly name: string
  readonly section: number
  /** Null: it survived all seeds. */
  readonly killedBy: number | null
  readonly promise: string
}

/** One copy for each worker: only the files that a mutant changes are written, and written back. */
function copyTree(): string {
  const dir = mkdtempSync(join(tmpdir(), 'chorus-mutants-'))
  for (const part of PARTS) cpSync(join(root, part), join(dir, part), { recursive: true })
  const door = readFileSync(join(root, 'topology-sim/index.ts'), 'utf8').split('\n')
  writeFileSync(join(dir, 'topology-sim/index.ts'), door.filter((line) => ROOMS.test(line)).join('\n'))
  symlinkSync(join(root, 'node_modules'), join(dir, 'node_modules'))
  return dir
}

/** Edits that do not find their place, or more than one: the code went on without them. */
function lost({ name, edits }: Mutant): readonly string[] {
  return edits
    .filter(({ file, find }) => readFileSync(join(root, 'node/core', file), 'utf8').split(find).length !== 2)
    .map(({ file, find }) => `"${name}": "${find}" is not exactly once in ${file}`)
}

function apply(dir: string, mutant: Mutant): () => void {
  const before = new Map<string, string>()
  for (const { file, find, put } of mutant.edits) {
    const path = join(dir, 'node/core', file)
    const text = readFileSync(path, 'utf8')
    if (text.split(find).length !== 2) throw new Error(`"${mutant.name}": "${find}" is not exactly once in ${file}`)
    if (!before.has(path)) before.set(path, text)
    writeFileSync(
      path,
      text.replace(find, () => put),
    )
  }
  return () => {
    for (const [path, text] of before) writeFileSync(path, text)
  }
}

function play(dir: string, seeds: readonly string[]): Promise<string> {
  const args = ['test/sim/replay.ts', ...seeds, '--whole', '--stop']
  const child = spawn(process.execPath, args, { cwd: dir, stdio: ['ignore', 'pipe', 'pipe'] })
  let out = ''
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (out += chunk.toString()))
  return new Promise((done) => child.on('close', () => done(out)))
}

async function test(dir: string, mutant: Mutant): Promise<Outcome> {
  const undo = apply(dir, mutant)
  // What noticed it the last time most likely does so again.
  const last = earlier.get(mutant.name)?.killedBy ?? null
  let out = last === null ? NOTHING : await play(dir, ['--from', String(last), '--to', String(last)])
  // The dense seeds first: each holds forgeries of most kinds.
  if (/ runs, 0 broken$/m.test(out)) out = await play(dir, ['--from', '4', '--to', String(DENSE), '--step', '4'])
  if (/ runs, 0 broken$/m.test(out)) out = await play(dir, ['--from', '1', '--to', String(SEEDS)])
  undo()
  const [, seed, promise = ''] = /^seed (\d+): (.*)$/m.exec(out) ?? []
  // It did not even start: that is no verdict of a seed.
  if (seed === undefined && !/ runs, 0 broken$/m.test(out)) throw new Error(`"${mutant.name}" did not run:\n${out}`)
  const { name, section } = mutant
  return { name, section, killedBy: seed === undefined ? null : Number(seed), promise: promise.slice(0, 160) }
}

const NOTHING = '0 runs, 0 broken'
const earlier = new Map(lastRun().map((one) => [one.name, one]))
// Before minutes of work: each edit still finds its place.
const stale = mutants.flatMap((mutant) => lost(mutant))
if (stale.length > 0) throw new Error(stale.join('\n'))
const queue = [...mutants]
const outcomes: Outcome[] = []
async function work(): Promise<void> {
  const dir = copyTree()
  try {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const outcome = await test(dir, next)
      outcomes.push(outcome)
      const verdict = outcome.killedBy === null ? 'SURVIVED' : `killed by seed ${outcome.killedBy}`
      console.log(
        `${String(outcomes.length).padStart(3)}/${mutants.length} ${next.name}: ${verdict}  ${outcome.promise.slice(0, 90)}`,
      )
    }
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}
await Promise.all(Array.from({ length: Math.min(4, availableParallelism()) }, () => work()))
const killed = outcomes.filter(({ killedBy }) => killedBy !== null).length
console.log(`\n${killed} of ${outcomes.length} killed`)
const fresh = new Set(outcomes.map(({ name }) => name))
const all = only === '' ? outcomes : [...[...earlier.values()].filter(({ name }) => !fresh.has(name)), ...outcomes]
const order = all.toSorted((a, b) => a.section - b.section || (a.name < b.name ? -1 : 1))
const total = order.filter(({ killedBy }) => killedBy !== null).length
report('mutants', { killed: total, total: order.length, seedsAtMost: SEEDS, mutants: order })

/** What an earlier run found: of mutants that are not played now, and where to begin with the others. */
function lastRun(): readonly Outcome[] {
  try {
    // Written by the line above.
    const { mutants: known } = JSON.parse(readFileSync(join(root, 'bench/results/mutants.json'), 'utf8')) as {
      readonly mutants: readonly Outcome[]
    }
    return known
  } catch {
    return []
  }
}
process.exitCode = killed === outcomes.length ? 0 : 1
