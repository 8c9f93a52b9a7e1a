import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { cpus, totalmem } from 'node:os'

/**
 * Writes `bench/results/NAME.json` with what it was measured on, and prints the figures.
 * @param name of the benchmark, as in `npm run bench:NAME`
 * @param figures plain JSON: settings, samples' order statistics, ratios, aims
 */
export function report(name: string, figures: Record<string, unknown>): void {
  const result = { bench: name, measuredAt: new Date().toISOString(), commit: commit(), machine: machine(), ...figures }
  mkdirSync('bench/results', { recursive: true })
  writeFileSync(`bench/results/${name}.json`, `${JSON.stringify(result, null, 2)}\n`)
  console.log(JSON.stringify(figures, null, 2))
  console.log(`bench/results/${name}.json`)
}

function commit(): string {
  try {
    return execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim()
  } catch {
    return 'unknown'
  }
}

function machine(): Record<string, unknown> {
  return {
    platform: process.platform,
    arch: process.arch,
    cores: cpus().length,
    cpu: cpus()[0]?.model ?? 'unknown',
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    node: process.version,
  }
}
