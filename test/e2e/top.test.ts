import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Harbour } from '../support/harbour.ts'
import { HAS_TMUX } from '../support/terminal.ts'
import type { Terminal } from '../support/terminal.ts'

/** A dead neighbour shows within some 10 s, on a machine that is not busy with other tests. */
const DEATH_MS = 60_000

let mesh: Harbour
beforeAll(async () => {
  if (HAS_TMUX) mesh = await Harbour.open()
})
afterAll(async () => {
  if (HAS_TMUX) await mesh.close()
})

/** Whatever happened: a shell that shows what is typed, on the normal screen, with a cursor. */
async function restored(terminal: Terminal): Promise<string> {
  // Keys that are typed before are the program's own.
  await terminal.until(/ready>\s*$/)
  terminal.run('echo given back')
  const shown = await terminal.until(/^given back$/m)
  expect(shown).toContain('echo given back')
  expect(terminal.state()).toEqual({ alternate: false, cursor: true })
  return shown
}

// Without tmux there is no terminal to look at; .ci/run installs it.
describe.runIf(HAS_TMUX)('chorus top on a real terminal and a real mesh of five', () => {
  it('shows the mesh, goes from screen to screen, and gives the terminal back', async () => {
    const terminal = mesh.terminal({ columns: 110, rows: 30 })
    terminal.run('chorus top --state ada')
    await terminal.until('5 of 5')
    expect(await terminal.until('harbour')).toMatch(/me {6}ada {2}● ok/)
    terminal.keys('3')
    expect(await terminal.until('sorted by state')).toMatch(/eve .*region=us role=web/)
    terminal.keys('5')
    expect(await terminal.until('region by role')).toMatch(/us .*db|db +web/)
    terminal.resize(50, 12)
    await terminal.until('50x12 is too small.')
    terminal.resize(100, 28)
    await terminal.until('region by role')
    terminal.keys('q')
    expect(await restored(terminal)).not.toContain('region by role')
  })

  it('publishes from the screen, and shows what came of it on another machine', async () => {
    const terminal = mesh.terminal({ columns: 120, rows: 40 })
    terminal.run('chorus top --state ada')
    await terminal.until('5 of 5')
    mesh.publish('Ahoi')
    const motd = join(mesh.typed.dir, 'hosts', 'cyd', 'motd')
    terminal.keys('2')
    await terminal.until(/web\/hello +@1 .*100%/)
    expect(existsSync(motd)).toBe(true)
    terminal.keys(':')
    terminal.type(`publish ${join(mesh.typed.dir, 'policies', 'hello')}`)
    terminal.keys('Enter')
    await terminal.until('web/hello@2 published')
    await terminal.until(/web\/hello +@2 .*100%/)
    terminal.keys('R')
    await terminal.until('Type its name to confirm')
    terminal.type('web/hello')
    terminal.keys('Enter')
    await terminal.until('web/hello@3 published')
    await terminal.until(/web\/hello +@3 .*100%/)
    expect(readFileSync(motd, 'utf8')).toContain('Ahoi')
    terminal.keys('3', '/')
    terminal.type('cyd')
    terminal.keys('Enter')
    await terminal.until('1 of 1 (5 in all)')
    terminal.keys('Enter')
    const node = await terminal.until('Last runs, UTC')
    expect(node).toMatch(/cyd .*● ok/)
    expect(node).toContain('file/motd')
    await terminal.until(/Neighbours \(\d\)/)
    terminal.keys('C-c')
    await restored(terminal)
  })

  it('gives the terminal back when it is ended from outside', async () => {
    const terminal = mesh.terminal({ columns: 90, rows: 24 })
    for (const signal of ['TERM', 'HUP']) {
      terminal.run("sh -c 'echo $$ > top.pid; exec $CHORUS top --state ada'")
      await terminal.until('converged')
      const pid = Number(readFileSync(join(mesh.typed.dir, 'top.pid'), 'utf8'))
      process.kill(pid, `SIG${signal}`)
      await restored(terminal)
      terminal.run('clear')
      await terminal.until(/^ready>\s*$/)
    }
  })

  it('shows a node that was killed, and a daemon that dies and returns', async () => {
    const terminal = mesh.terminal({ columns: 110, rows: 30 })
    terminal.run('chorus top --state bob')
    await terminal.until('5 of 5')
    await mesh.typed.kill('eve')
    await terminal.until('▽ down 1', DEATH_MS)
    terminal.keys('3', 'e')
    expect(await terminal.until('problems only')).toMatch(/eve +▽ down/)
    await mesh.typed.kill('bob')
    await terminal.until('DAEMON LOST', 3_000)
    await mesh.typed.up('bob')
    await terminal.until('live')
    terminal.keys('q')
    await restored(terminal)
  })

  it('draws ASCII where the locale is not UTF-8, and no colours where NO_COLOR is set', async () => {
    const terminal = mesh.terminal({ columns: 100, rows: 28 }, { LANG: 'C', NO_COLOR: '1' })
    terminal.run('export NO_COLOR=1; clear; chorus top --state ada')
    await terminal.until('converged')
    const shown = terminal.screen({ escapes: true })
    expect(shown).toMatch(/^[\u0020-\u007e\n]*$/)
    expect(shown).toContain('####')
    terminal.keys('q')
    await restored(terminal)
  })

  it('gives the terminal back when a screen cannot be drawn, and says what happened', async () => {
    const dir = join(mesh.typed.dir, 'liar')
    mkdirSync(dir)
    // A daemon whose answers are JSON, and nonsense.
    const liar = createServer((_request, response) => {
      response.writeHead(200, { 'chorus-api': '1', 'content-type': 'application/json' })
      response.end('{"mesh":"x","self":null,"events":[]}')
    })
    await new Promise<void>((listening) => liar.listen(join(dir, 'control.sock'), listening))
    try {
      const terminal = mesh.terminal({ columns: 100, rows: 28 })
      terminal.run('chorus top --state liar; echo "exit $?"')
      expect(await terminal.until('exit 1')).toMatch(/chorus: E_[A-Z]+: /)
      await restored(terminal)
    } finally {
      liar.close()
    }
  })

  it('leaves a pipe and a script alone', async () => {
    const terminal = mesh.terminal({ columns: 100, rows: 28 })
    terminal.run('chorus top --state ada </dev/null; echo "exit $?"')
    expect(await terminal.until('exit 2')).toContain('top wants a terminal, and stdin is none')
  })
})
