import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { resource } from '../testing/converge.ts'
import { ToolLab } from '../testing/tools.ts'
import { STAGES, type Transcript, type Turn } from '../testing/transcripts.ts'

/** What the real tools said, in the order in which they were asked: a provider that asks anything else fails. */
describe.each(Object.entries(STAGES))('%s as it was recorded', (name, { scene, watched, sign }) => {
  // Written by `test/hosts/transcripts.test.ts`.
  const { tool, before, turns } = JSON.parse(
    readFileSync(join(import.meta.dirname, `transcripts/${name}.json`), 'utf8'),
  ) as Transcript

  it(`is asked what ${tool} was asked, and understood`, async () => {
    const lab = new ToolLab({})
    lab.lay({ [sign]: '', '/etc/init.d/testsvc': '', '/etc/init.d/broken': '' })
    const lay = (paths: readonly string[]): void => {
      for (const path of watched) {
        const there = lab.host.lstat(path) !== null
        if (paths.includes(path) === there) continue
        if (there) lab.host.rmdir(path)
        else lab.lay({ [`${path}/`]: '' })
        // A change below a folder changes its time.
        lab.host.chmod(path.slice(0, path.lastIndexOf('/')), 0o755)
      }
    }
    lay(before)
    const asked: string[] = []
    let left: Turn['commands'][number][] = []
    lab.answers.set('', (argv) => {
      asked.push(argv.join(' '))
      const next = left.shift()
      if (next === undefined) return { code: 127, output: `nobody asked: ${argv.join(' ')}` }
      lay(next.paths)
      return { code: next.code, output: next.output }
    })
    const steps = scene.filter((step) => typeof step !== 'string')
    expect(turns.map(({ key, attrs }) => [key, attrs])).toEqual(steps)
    for (const { key, attrs, outcome, commands } of turns) {
      left = [...commands]
      asked.length = 0
      // An index that may be a second old is never fresh, any other always is, as it was in the recording.
      lab.ms += 2_000
      const line = (await lab.all([resource('p', key, attrs)])).find((one) => one.startsWith(`p ${key} `))
      expect([key, asked, line?.slice(`p ${key} `.length)]).toEqual([
        key,
        commands.map(({ argv }) => argv.join(' ')),
        outcome,
      ])
    }
  })
})
