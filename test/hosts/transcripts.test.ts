import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { STAGES, type Transcript } from '../../policies/testing/transcripts.ts'
import { OTHER_TOOLS, rootFileSystem } from './rootfs.ts'

const PROJECT = join(import.meta.dirname, '../..')
const RECORD = process.env['CHORUS_RECORD'] === '1'

/** Namespaces of its own: what is mounted and started in there is gone with the last process. */
const INSIDE = `
  mount --make-rprivate / && mount -t proc proc "$1/proc" && mount -t tmpfs none "$1/run" && mount --rbind /dev "$1/dev"
  mkdir -p "$1/opt/chorus" "$1/opt/node" && mount --bind "$2" "$1/opt/chorus" && mount --bind "$(dirname "$3")" "$1/opt/node"
  ip link set lo up; hostname chorus-test
  cp "$2/test/hosts/transcripts-stage.sh" "$1/root/stage.sh"
  chroot "$1" /root/stage.sh prepare "$4" >/dev/null 2>&1
  exec chroot "$1" /opt/node/node /opt/chorus/test/hosts/transcripts-inside.ts "$4"`

/** The providers beside Debian's own, against the real tools: dnf, pacman and OpenRC in a root file system that has them. */
describe('the tools of other systems', () => {
  let rootfs = ''
  const dirs: string[] = []

  beforeAll(() => {
    rootfs = rootFileSystem(OTHER_TOOLS, '')
  })
  afterAll(() => {
    for (const dir of dirs) {
      spawnSync('umount', [join(dir, 'root')])
      rmSync(dir, { recursive: true, force: true })
    }
  })

  function play(name: string): Transcript {
    const dir = mkdtempSync(join(tmpdir(), 'chorus-tools-'))
    dirs.push(dir)
    for (const part of ['up', 'work', 'root']) mkdirSync(join(dir, part))
    const layers = `lowerdir=${rootfs},upperdir=${join(dir, 'up')},workdir=${join(dir, 'work')}`
    execFileSync('mount', ['-t', 'overlay', 'overlay', '-o', layers, join(dir, 'root')])
    const shared = ['--mount', '--pid', '--net', '--uts', '--fork', '--kill-child']
    const argv = ['bash', '-ec', INSIDE, 'inside', join(dir, 'root'), PROJECT, process.execPath, name]
    const { status, stdout, stderr } = spawnSync('unshare', [...shared, ...argv], {
      encoding: 'utf8',
      timeout: 120_000,
    })
    if (status !== 0) throw new Error(`${name} ended with ${status}: ${stderr}`)
    // Printed by transcripts-inside.ts.
    return JSON.parse(stdout) as Transcript
  }

  it.each(Object.keys(STAGES))('%s does what its recording says', (name) => {
    const played = play(name)
    const file = join(PROJECT, `policies/resources/transcripts/${name}.json`)
    if (RECORD) writeFileSync(file, `${JSON.stringify(played, null, 2)}\n`)
    const recorded = JSON.parse(readFileSync(file, 'utf8')) as Transcript
    // What the tools print has times and speeds in it; what was asked and what came of it has not.
    const essence = ({ turns }: Transcript): unknown =>
      turns.map(({ key, outcome, commands }) => [
        key,
        outcome,
        commands.map(({ argv, code, paths }) => [argv.join(' '), code, paths]),
      ])
    expect(essence(played)).toEqual(essence(recorded))
  })
})
