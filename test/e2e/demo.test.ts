import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import type { DemoStep } from '../../cli-tui/demo/story.ts'
import { HAS_TMUX, Terminal } from '../support/terminal.ts'

/** What `npm start` runs, in a temporary folder of its own, so that what it leaves behind would show. */
const MAIN = resolve('dist/bin/chorus.js')
const dir = mkdtempSync(join(tmpdir(), 'chorus-demo-test-'))
const env = { ...process.env, NO_COLOR: '1', TMPDIR: dir }
afterAll(() => rmSync(dir, { recursive: true, force: true }))

/** Chorus processes that work below `dir`. */
function peersLeft(): string[] {
  return readdirSync('/proc')
    .filter((pid) => /^\d+$/.test(pid))
    .filter((pid) => {
      try {
        const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8')
        return command.includes(dir) && command.includes(MAIN)
      } catch {
        return false
      }
    })
}

describe('the demo', () => {
  it('shows every promise, in well under a minute, and leaves nothing behind', () => {
    const startedAt = Date.now()
    const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, 'demo', '--json'], {
      encoding: 'utf8',
      env,
      timeout: 110_000,
    })
    expect([status, stderr]).toEqual([0, ''])
    const steps = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as DemoStep)
    expect(steps.map((step) => step.nodes.map((node) => node.seq))).toEqual([
      [null, null, null, null, null],
      [null, null, null, null, null],
      [1, 1, 1, 1, 1],
      [2, 2, expect.anything(), 2, 2],
      [2, 2, 2, 2, 2],
      [2, 2, 2, 2, 2],
    ])
    expect(steps[3]?.nodes[2]?.state).toBe('down')
    expect(Date.now() - startedAt).toBeLessThan(60_000)
    expect(readdirSync(dir)).toEqual([])
    expect(peersLeft()).toEqual([])
  })

  it('cleans up when it is stopped in the middle', async () => {
    const child = spawn(process.execPath, [MAIN, 'demo'], { env, stdio: ['ignore', 'pipe', 'pipe'] })
    let out = ''
    child.stdout.on('data', (part) => {
      out += String(part)
      if (out.includes('✓') && !child.killed) child.kill('SIGTERM')
    })
    const code = await new Promise((done) => child.once('exit', done))
    expect(code).toBe(0)
    expect(readdirSync(dir)).toEqual([])
    expect(peersLeft()).toEqual([])
  })

  // Without tmux there is no terminal to look at; .ci/run installs it.
  it.runIf(HAS_TMUX)('opens the screens on a terminal, and the mesh stays up after them until Ctrl-C', async () => {
    const terminal = new Terminal({ columns: 110, rows: 40, env: { LANG: 'C.UTF-8', LC_ALL: '', TMPDIR: dir } })
    try {
      terminal.run(`unset NO_COLOR CI; ${process.execPath} ${MAIN} demo`)
      expect(await terminal.until(/5 of 5 .*converged|converged.* 5 of 5/)).toContain('web-1')
      expect(terminal.state().alternate).toBe(true)
      terminal.keys('q')
      expect(await terminal.until('npx chorus top')).toContain('Somebody edits a managed file')
      expect(terminal.state()).toEqual({ alternate: false, cursor: true })
      terminal.keys('C-c')
      await terminal.until(/ready>\s*$/)
      expect(readdirSync(dir)).toEqual([])
      expect(peersLeft()).toEqual([])
    } finally {
      terminal.close()
    }
  })
})
