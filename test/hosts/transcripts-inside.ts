import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { openHost } from '../../node/index.ts'
import { inForce, lines, resource, Runs } from '../../policies/testing/converge.ts'
import { STAGES, type RecordedCommand, type Transcript, type Turn } from '../../policies/testing/transcripts.ts'

/**
 * Runs inside of a root file system that has the tools: converges the scenes for real, and prints what was asked and answered.
 * Usage: node transcripts-inside.ts dnf|pacman|openrc
 */
const VERSIONS = { dnf: ['dnf', '--version'], pacman: ['pacman', '-V'], openrc: ['openrc', '--version'] }

const name = process.argv[2] === 'dnf' || process.argv[2] === 'pacman' ? process.argv[2] : 'openrc'
const { scene, watched } = STAGES[name]
const host = openHost({ backupDir: '/root/backup' })
const present = (): string[] => watched.filter((path) => existsSync(path))
const before = present()
let commands: RecordedCommand[] = []
const exec = host.exec.bind(host)
host.exec = async (argv, options) => {
  const result = await exec(argv, options)
  commands.push({ argv, code: result.code, output: result.output, paths: present() })
  return result
}
const runs = new Runs(host)
const turns: Turn[] = []
for (const step of scene) {
  if (typeof step === 'string') {
    execFileSync('/root/stage.sh', [step, name], { stdio: 'ignore' })
    continue
  }
  const [key, attrs] = step
  commands = []
  const { outcomes } = await runs.run([inForce('p', [resource('p', key, attrs)])])
  const about = `p ${key} `
  const outcome = lines(outcomes).find((line) => line.startsWith(about)) ?? ''
  turns.push({ key, attrs, outcome: outcome.slice(about.length), commands })
}
const [tool = ''] =
  /\d[\d.]+/.exec(execFileSync(VERSIONS[name][0] ?? '', VERSIONS[name].slice(1), { encoding: 'utf8' })) ?? []
const transcript: Transcript = { tool: `${name} ${tool}`, before, turns }
process.stdout.write(`${JSON.stringify(transcript, null, 2)}\n`)
