import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseRuns, type RunResult } from '../../topology-sim/index.ts'
import { CliError } from '../errors.ts'

/** A run of a million nodes with its curves takes some 300 KB. */
const RUN_BYTES_MAX = 512 * 1024 * 1024
/** Folders within a folder of runs: `out/seed-7/run.json`, `results/pod-3/out/run.json`. */
const DEPTH_MAX = 4

/**
 * The runs of a file, or of a folder with those of several seeds (every `*.json` in it that is one).
 * @throws CliError E_RUN_FILE, E_NOT_FOUND
 */
export function runsAt(cwd: string, shown: string): readonly RunResult[] {
  const path = resolve(cwd, shown)
  if (!existsSync(path))
    throw new CliError('E_NOT_FOUND', `there is no ${shown}`, 'Make a run with: chorus sim run NAME --report DIR')
  if (!statSync(path).isDirectory()) {
    const runs = read(path)
    if (runs === null)
      throw new CliError('E_RUN_FILE', `${shown} is not the result of a simulation that this chorus can read`)
    return runs
  }
  const found = jsonFiles(path, DEPTH_MAX).flatMap((file) => read(file) ?? [])
  if (found.length === 0) throw new CliError('E_RUN_FILE', `no file in ${shown} is the result of a simulation`)
  // The same run twice would make an interval that is too narrow.
  return [...new Map(found.map((run) => [`${run.again.digest} ${run.seed} ${run.traceHash}`, run])).values()]
}

function read(path: string): readonly RunResult[] | null {
  return statSync(path).size > RUN_BYTES_MAX ? null : parseRuns(readFileSync(path, 'utf8'))
}

function jsonFiles(dir: string, depth: number): string[] {
  return readdirSync(dir, { withFileTypes: true })
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      if (entry.isDirectory()) return depth > 0 ? jsonFiles(join(dir, entry.name), depth - 1) : []
      return entry.name.endsWith('.json') ? [join(dir, entry.name)] : []
    })
}
