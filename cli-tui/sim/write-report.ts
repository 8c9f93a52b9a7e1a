import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { csvFiles, htmlReport, type RunResult } from '../../topology-sim/index.ts'

/** Writes run.json, the tables and the page of one run. Files of an earlier run are replaced. @returns their names */
export function writeReport(dir: string, run: RunResult): string[] {
  mkdirSync(dir, { recursive: true })
  const files = { 'run.json': `${JSON.stringify(run)}\n`, ...csvFiles(run), 'report.html': htmlReport(run) }
  for (const [name, text] of Object.entries(files)) writeFileSync(join(dir, name), text)
  return Object.keys(files)
}
