import { cleanup, render } from 'ink-testing-library'
import { createElement } from 'react'
import { afterEach, describe, expect, it } from 'vitest'
import { App } from '../../cli-tui/top/app.tsx'
import { Desk } from '../../cli-tui/top/desk.ts'
import { UNICODE } from '../../cli-tui/top/marks.ts'
import { FleetSource } from '../../cli-tui/top/testing/fleet-source.ts'
import { FLEET_NOW } from '../../node/control/testing/log.ts'

const ENTER = '\r'
const ESC = '\u001b'
const DOWN = '\u001b[B'

/** Time for Ink to take a key in and to draw, and to tell a lone escape from a sequence. */
const tick = (ms = 60): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

function open(source = new FleetSource(300)): {
  readonly source: FleetSource
  readonly press: (...keys: readonly string[]) => Promise<void>
  readonly frame: () => string
  readonly quits: () => number
} {
  let quits = 0
  const desk = new Desk(source, () => quits++)
  const app = render(createElement(App, { desk, marks: UNICODE, colour: false, clock: () => FLEET_NOW }))
  return {
    source,
    press: async (...keys) => {
      await tick()
      for (const key of keys) {
        app.stdin.write(key)
        await tick(key === ESC ? 150 : 40)
      }
      await tick()
    },
    frame: () => app.lastFrame() ?? '',
    quits: () => quits,
  }
}

afterEach(() => cleanup())

describe('keys of the running program', () => {
  it('go from screen to screen', async () => {
    const { press, frame } = open()
    await press('3')
    expect(frame()).toContain('[3 Nodes]')
    await press('?')
    expect(frame()).toContain('Keys ─')
    await press(ESC)
    expect(frame()).toContain('[3 Nodes]')
  })

  it('open the node under the cursor', async () => {
    const { press, frame, source } = open()
    await press('3', DOWN, DOWN)
    const chosen = /▸ (\S+)/.exec(frame())?.[1] ?? 'none'
    await press(ENTER)
    expect(frame()).toContain('Policies ─')
    expect(frame()).toContain(chosen)
    expect(source.fleet.size).toBe(300)
  })

  it('filter while typing, and show where a condition is broken', async () => {
    const { press, frame } = open()
    await press('3', '/', 'labels.role = "web"')
    expect(frame()).toContain('= alone means nothing')
    expect(frame()).toMatch(/\n {14}\^/)
    await press(ESC)
    expect(frame()).toContain('1 of 300')
  })

  it('turn pages of a text, and open an event as a page of its own', async () => {
    const { press, frame, source } = open()
    await press('?')
    const first = frame().split('\n').slice(3, -2)
    await press(' ')
    const second = frame().split('\n').slice(3, -2)
    // One row is kept, so that one sees where one is.
    expect(first.filter((row) => row.trim() !== '' && second.includes(row))).toHaveLength(1)
    const message = `what went wrong ${'is told at length '.repeat(12)}to its very end`
    source.happen({ at: FLEET_NOW, kind: 'run', level: 'warn', message })
    await press('6', ENTER)
    expect(frame().replaceAll(/\s+/g, ' ')).toContain(message)
    await press(ESC)
    expect(frame()).toContain('[6 Events]')
  })

  it('shows a whole question and what is typed, and what did not work in full', async () => {
    const { press, frame } = open()
    const node = 'a-very-long-node-name-that-somebody-made-from-a-serial-number-0123'
    await press(':', `revoke ${node}`, ENTER, 'what I typed')
    expect(frame().replaceAll(/\s+/g, ' ')).toContain('Type its name to confirm: what I typed')
    expect(frame()).toContain(node)
    await press(ENTER)
    expect(frame()).toMatch(/nothing was done: that is not\s+a-very-long/)
    await press(':', 'rollbak', ENTER)
    expect(frame()).toContain('there is no command "rollbak"; did you mean "rollback"?')
  })

  it('retire a policy only after its name was typed', async () => {
    const { press, frame, source } = open()
    await press('2', 'X')
    expect(frame()).toContain('Type its name to confirm')
    await press('base/motd', ENTER)
    expect(source.done).toEqual([{ name: 'retire', arg: 'base/motd' }])
    expect(frame()).toContain('retire base/motd: done')
  })

  it('say why an action is not possible for this key', async () => {
    const { press, frame, source } = open(new FleetSource(30, { mayPublish: false }))
    await press('2', 'X')
    expect(frame()).toContain('no grant with the verb')
    expect(source.done).toEqual([])
  })

  it('show an action that failed', async () => {
    const { press, frame } = open()
    await press(':', 'publish no/such', ENTER)
    expect(frame()).toContain('publish: no version of "no/such"')
  })

  it('show a lost daemon at once, and its return', async () => {
    const { press, frame, source } = open()
    await press('1')
    source.lose('No daemon runs in /s.')
    await tick()
    expect(frame()).toContain('DAEMON LOST, again in 4s')
    expect(frame()).toContain('No daemon runs in /s.')
    source.lose(undefined)
    await tick()
    expect(frame()).toContain('live')
  })

  it('leave on q and on Ctrl-C', async () => {
    const { press, quits } = open()
    await press('q')
    expect(quits()).toBe(1)
    await press('\u0003')
    expect(quits()).toBe(2)
  })
})
