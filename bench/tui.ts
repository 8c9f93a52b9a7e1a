import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { PassThrough, Writable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import type * as AppModule from '../cli-tui/top/app.tsx'
import type * as DaemonModule from '../cli-tui/top/daemon-source.ts'
import type * as DeskModule from '../cli-tui/top/desk.ts'
import type * as FrameModule from '../cli-tui/top/frame.ts'
import type * as MarksModule from '../cli-tui/top/marks.ts'
import type * as ControlModule from '../node/control/index.ts'
import { HAS_TMUX, Terminal } from '../test/support/terminal.ts'
import { round, spreadOf } from './lib/figures.ts'
import { usageOf } from './lib/processes.ts'
import { report } from './lib/results.ts'

/**
 * What a frame of `chorus top` costs over 100,000 simulated nodes at 200x50: CPU and bytes written, and the memory of the real program. The fleet
 * is in a process of its own behind the control API, as it would be: the screen holds the rows that show. Run with `npm run bench:tui`.
 */
const NODES = 100_000
const SIZE = { columns: 200, rows: 50 } as const
const STEPS = 200
/** Aims of the terminal UI (milliseconds of CPU, MB). */
const AIMS = { frameCpuMs: 10, memoryMb: 120 } as const

process.env['NODE_ENV'] = 'production'
delete process.env['CI']

const dir = mkdtempSync(join(tmpdir(), 'chorus-bench-tui-'))
const daemon = fork(resolve('bench/lib/fleet-daemon.ts'), [dir, String(NODES)], { stdio: 'inherit', execArgv: [] })
await once(daemon, 'message')

// What is measured is what is shipped: the compiled form. Node runs no .tsx.
const shipped = (path: string): Promise<unknown> => import(new URL(`../dist/${path}`, import.meta.url).href)
const { App } = (await shipped('cli-tui/top/app.js')) as typeof AppModule
const { Desk } = (await shipped('cli-tui/top/desk.js')) as typeof DeskModule
const { DaemonSource } = (await shipped('cli-tui/top/daemon-source.js')) as typeof DaemonModule
const { frame } = (await shipped('cli-tui/top/frame.js')) as typeof FrameModule
const { UNICODE } = (await shipped('cli-tui/top/marks.js')) as typeof MarksModule
const { ControlClient } = (await shipped('node/control/index.js')) as typeof ControlModule
const { render } = await import('ink')
const { createElement } = await import('react')

/** A terminal that counts. */
class Screen extends Writable {
  readonly isTTY = true
  readonly columns = SIZE.columns
  readonly rows = SIZE.rows
  bytes = 0

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.bytes += chunk.length
    frames++
    done()
  }
}

const keyboard = Object.assign(new PassThrough(), {
  isTTY: true,
  setRawMode: () => keyboard,
  ref: () => keyboard,
  unref: () => keyboard,
})

let frames = 0
const screen = new Screen()
const source = new DaemonSource({
  client: new ControlClient({ stateDir: dir }),
  act: () => Promise.resolve(''),
  now: Date.now,
  noRoot: () => null,
})
await source.start()
const desk = new Desk(source, () => undefined)
const app = render(createElement(App, { desk, marks: UNICODE, colour: true, clock: Date.now, paper: screen }), {
  // Ink asks a terminal for no more than these streams have; their types ask for all of tty.
  stdout: screen as unknown as NodeJS.WriteStream,
  stdin: keyboard as unknown as NodeJS.ReadStream,
  alternateScreen: true,
  incrementalRendering: true,
  interactive: true,
  patchConsole: false,
  exitOnCtrlC: false,
  maxFps: 1000,
})

/** The next frame; a step that changes nothing on the screen has none. */
async function nextFrame(): Promise<void> {
  const before = frames
  for (let tries = 0; tries < 30; tries++) {
    if (frames !== before) return
    await sleep(2)
  }
}

interface Phase {
  readonly frames: number
  readonly cpuMsPerFrame: number
  readonly wallMs: ReturnType<typeof spreadOf>
  readonly bytesPerFrame: number
}

/** @param pauseMs between two steps: keys never come before the screen has drawn */
async function phase(step: () => void, steps: number = STEPS, pauseMs = 2): Promise<Phase> {
  const wall: number[] = []
  const [framesBefore, bytesBefore, cpuBefore] = [frames, screen.bytes, process.cpuUsage()]
  for (let index = 0; index < steps; index++) {
    const from = performance.now()
    step()
    await nextFrame()
    wall.push(performance.now() - from)
    await sleep(pauseMs)
  }
  const { user, system } = process.cpuUsage(cpuBefore)
  const drawn = Math.max(1, frames - framesBefore)
  return {
    frames: drawn,
    cpuMsPerFrame: round((user + system) / 1000 / drawn),
    wallMs: spreadOf(wall),
    bytesPerFrame: Math.round((screen.bytes - bytesBefore) / drawn),
  }
}

/** The real program, used for a while in a real terminal: its resident memory, and the most it ever had. */
async function memoryOfProgram(): Promise<{ readonly rss: number; readonly peak: number } | null> {
  if (!HAS_TMUX) return null
  const terminal = new Terminal({ ...SIZE, env: { LANG: 'C.UTF-8' } })
  try {
    const main = resolve('dist/bin/chorus.js')
    terminal.run(`sh -c 'echo pid $$; sleep 1; exec ${process.execPath} ${main} top --state ${dir}'`)
    const pid = Number(/^pid (\d+)/m.exec(await terminal.until(/^pid \d+/m))?.[1])
    await terminal.until('converged')
    terminal.keys('3')
    await terminal.until('sorted by state')
    for (let index = 0; index < 60; index++) {
      terminal.keys(index % 6 === 5 ? 'G' : index % 6 === 2 ? 'g' : 'PageDown')
      if (index % 4 === 0) daemon.send('change')
      await sleep(100)
    }
    for (const key of ['1', '5', '2', '6', '3']) {
      terminal.keys(key)
      await sleep(1000)
    }
    const { rssMb, peakMb } = usageOf(pid)
    terminal.keys('q')
    return { rss: round(rssMb), peak: round(peakMb) }
  } finally {
    terminal.close()
  }
}

await sleep(500)
desk.press('3')
await sleep(1000)
const { ui, data } = desk.snapshot()
const whole = frame({ ui, data, ...SIZE, marks: UNICODE, colour: true, now: Date.now() })
const fullFrameBytes = Buffer.byteLength(whole.rows.join('\n'))
// The first frames pay for compiling.
await phase(() => desk.press('down'))
desk.press('g')
let turn = 0
const cursor = await phase(() => desk.press(turn++ % 2 === 0 ? 'down' : 'up'))
const scroll = await phase(() => desk.press('pagedown'), STEPS, 20)
desk.press('1')
await sleep(300)
const overview = await phase(() => desk.press(turn++ % 2 === 0 ? 'down' : 'up'))
desk.press('3')
const change = await phase(() => void daemon.send('change'), 20, 300)
app.unmount()
source.close()
const memory = await memoryOfProgram()
daemon.kill()
rmSync(dir, { recursive: true, force: true })

report('tui', {
  nodes: NODES,
  size: `${SIZE.columns}x${SIZE.rows}`,
  aims: AIMS,
  cursor,
  scroll,
  overview,
  /** One percent of the nodes change state three times a second, and the screen follows. */
  changeOfOnePercent: change,
  fullFrameBytes,
  redrawn: round(cursor.bytesPerFrame / fullFrameBytes),
  memoryMb: memory,
  met: {
    frameCpu: [cursor, scroll, overview].every(({ cpuMsPerFrame }) => cpuMsPerFrame <= AIMS.frameCpuMs),
    noFullRedraw: cursor.bytesPerFrame < fullFrameBytes / 4,
    memory: memory === null ? null : memory.peak <= AIMS.memoryMb,
  },
})
process.exit(0)
