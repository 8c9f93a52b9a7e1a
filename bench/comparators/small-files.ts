import { existsSync, mkdirSync, readdirSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { findCommand } from '../lib/processes.ts'

/** A tool that keeps many small files as they are described: how it is told, and where it puts them. */
export interface SmallFilesTool {
  readonly name: string
  /** Command line that makes everything right once, and ends; null if the tool is not installed. */
  readonly argv: readonly string[] | null
  /** Where its files are. */
  readonly out: string
  /** What it remembers from one run to the next. */
  readonly state: string
  /** Samples wanted: a slow tool gets fewer. */
  readonly runs: number
}

/** About 230 bytes, as a file in /etc has. */
export function contentOf(i: number): string {
  return `# file ${i}\nkey = value-${i}\n${'x'.repeat(200)}\n`
}

/** CFEngine: one promise a file, run without locks. Debian's `cfengine3`. */
export function cfengine(dir: string, files: number, runs: number): SmallFilesTool {
  const out = join(dir, 'cfengine')
  const policy = join(dir, 'p.cf')
  const promises = each(files, (i) => `  "${out}/f${i}" create => "true", content => "${contentOf(i)}";`)
  write(
    policy,
    `body common control { bundlesequence => { "main" }; }\nbundle agent main\n{\nfiles:\n${promises}\n}\n`,
    0o600,
  )
  const command = findCommand('cf-agent')
  return {
    name: 'cfengine3',
    argv: command === null ? null : [command, '-K', '-f', policy],
    out,
    state: join(dir, 'none'),
    runs,
  }
}

/** `puppet apply`, one resource a file. Debian's `puppet-agent`. */
export function puppet(dir: string, files: number, runs: number): SmallFilesTool {
  const out = join(dir, 'puppet')
  const manifest = join(dir, 'p.pp')
  const attributes = (i: number): string => `ensure => file, mode => '0644', content => '${contentOf(i)}'`
  write(
    manifest,
    each(files, (i) => `file { '${out}/f${i}': ${attributes(i)} }`),
  )
  const command = findCommand('puppet')
  const argv = command === null ? null : [command, 'apply', `--vardir=${join(dir, 'puppet-var')}`, manifest]
  return { name: 'puppet-agent', argv, out, state: join(dir, 'puppet-var'), runs }
}

/** `chorus converge`, from a folder as people write it, or from a bundle as a node gets it. */
export function chorus(dir: string, files: number, runs: number, form: 'folder' | 'bundle'): SmallFilesTool {
  const out = join(dir, `chorus-${form}`)
  const policy = join(dir, `policy-${form}`)
  write(join(policy, 'policy.yaml'), chorusPolicy(out, files))
  const what = form === 'folder' ? policy : `${policy}.bundle`
  const main = join(import.meta.dirname, '../../dist/bin/chorus.js')
  const state = join(dir, `state-${form}`)
  const argv = [process.execPath, main, 'converge', what, '--state', state]
  return { name: `chorus converge (${form})`, argv, out, state, runs }
}

export function chorusPolicy(out: string, files: number): string {
  const resources = each(files, (i) => `  file/f${i}: { path: ${out}/f${i}, content: ${JSON.stringify(contentOf(i))} }`)
  return `policy: bench/files\nselect: "true"\nresources:\n${resources}\n`
}

/**
 * Takes its files and what it knows of them away, so that the next run is a cold one. They are moved and not deleted: for
 * seconds after a thousand deletions ext4 passes over each of the freed inodes at every new file, which takes ten times as
 * long as the file itself and is no work of the tool that is measured.
 */
export function empty(tool: SmallFilesTool): void {
  for (const path of [tool.out, tool.state]) {
    const away = `${path}.away`
    mkdirSync(away, { recursive: true })
    if (existsSync(path)) renameSync(path, join(away, String(readdirSync(away).length)))
  }
  mkdirSync(tool.out, { recursive: true })
}

/** Changes the first `count` of its files. */
export function drift(tool: SmallFilesTool, count: number): void {
  for (let i = 0; i < count; i++) writeFileSync(join(tool.out, `f${i}`), 'changed by hand\n')
}

function each(count: number, line: (i: number) => string): string {
  return Array.from({ length: count }, (_, i) => line(i)).join('\n')
}

function write(path: string, text: string, mode = 0o644): void {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, text, { mode })
}
