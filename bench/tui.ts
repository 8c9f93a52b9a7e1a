import { PassThrough, Writable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import type * as AppModule from '../cli-tui/top/app.tsx'
import type * as DeskModule from '../cli-tui/top/desk.ts'
import type * as FrameModule from '../cli-tui/top/frame.ts'
import type * as MarksModule from '../cli-tui/top/marks.ts'
import type * as FleetModule from '../cli-tui/top/testing/fleet-source.ts'
import type * as StoryModule from '../cli-tui/top/testing/story.ts'
import { round, spreadOf } from './lib/figures.ts'
import { usageOf } from './lib/processes.ts'
import { report } from './lib/results.ts'

/**
 * What a frame of `chorus top` costs over 100,000 simulated nodes at 200x50: CPU, bytes written, memory. Run with `npm run bench:tui`.
 * Only the rows that show are made, so that the number of nodes is paid by whoever answers `page`: here the fleet in memory, reported apart.
 */
const NODES = 100_000
const SIZE = { columns: 200, rows: 50 } as const
const STEPS = 200
/** Aims of the terminal UI (milliseconds of CPU, MB). */
const AIMS = { frameCpuMs: 10, memoryMb: 120 } as const

process.env['NODE_ENV'] = 'production'
delete process.env['CI']

// What is measured is what is shipped: the compiled form. Node runs no .tsx.
const shipped = (path: string): Promise<unknown> => import(new URL(`../dist/cli-tui/top/${path}`, import.meta.url).href)
const { App } = (await shipped('app.js')) as typeof AppModule
const { Desk } = (await shipped('desk.js')) as typeof DeskModule
const { frame } = (await shipped('frame.js')) as typeof FrameModule
const { UNICODE } = (await shipped('marks.js')) as typeof MarksModule
const { FleetSource } = (await shipped('testing/fleet-source.js')) as typeof FleetModule
const { FLEET_NOW } = (await shipped('testing/story.js')) as typeof StoryModule
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
    done()
  }
}

const keyboard = Object.assign(new PassThrough(), {
  isTTY: true,
  setRawMode: () => keyboard,
  ref: () => keyboard,
  unref: () => keyboard,
})

const screen = new Screen()
let frames = 0
const source = new FleetSource(NODES)
const desk = new Desk(source, () => undefined)
const app = render(createElement(App, { desk, marks: UNICODE, colour: true, clock: () => FLEET_NOW }), {
  // Ink asks a terminal for no more than these streams have; their types ask for all of tty.
  stdout: screen as unknown as NodeJS.WriteStream,
  stdin: keyboard as unknown as NodeJS.ReadStream,
  alternateScreen: true,
  incrementalRendering: true,
  interactive: true,
  patchConsole: false,
  exitOnCtrlC: false,
  maxFps: 1000,
  onRender: () => frames++,
})

interface Phase {
  readonly frames: number
  readonly cpuMsPerFrame: number
  readonly wallMs: ReturnType<typeof spreadOf>
  readonly bytesPerFrame: number
}

async function phase(step: (index: number) => void, steps: number = STEPS): Promise<Phase> {
  const wall: number[] = []
  const [framesBefore, bytesBefore, cpuBefore] = [frames, screen.bytes, process.cpuUsage()]
  for (let index = 0; index < steps; index++) {
    const from = performance.now()
    step(index)
    await app.waitUntilRenderFlush()
    wall.push(performance.now() - from)
    // As keys come: never two before the screen has drawn.
    await sleep(2)
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

await sleep(500)
desk.press('2')
await sleep(500)
const { ui, data } = desk.snapshot()
const whole = frame({ ui, data, ...SIZE, marks: UNICODE, colour: true, now: FLEET_NOW })
const fullFrameBytes = Buffer.byteLength(whole.rows.join('\n'))
// The first frames pay for compiling.
await phase(() => desk.press('down'))
desk.press('g')
const cursor = await phase((index) => desk.press(index % 2 === 0 ? 'down' : 'up'))
const scroll = await phase(() => desk.press('pagedown'))
desk.press('1')
await sleep(300)
const overview = await phase(() => desk.press('down'))
desk.press('2')
const memory = usageOf(process.pid)
const states = ['behind', 'ok'] as const
const change = await phase((index) => {
  source.fleet.change(100, states[index % states.length] ?? 'ok')
  source.tell()
}, 20)
app.unmount()

report('tui', {
  nodes: NODES,
  size: `${SIZE.columns}x${SIZE.rows}`,
  aims: AIMS,
  cursor,
  scroll,
  overview,
  /** With sorting and counting 100,000 nodes in the same process, which a daemon does once for each change. */
  changeOfOnePercent: change,
  fullFrameBytes,
  redrawn: round(cursor.bytesPerFrame / fullFrameBytes),
  memoryMb: { rss: round(memory.rssMb), peak: round(memory.peakMb) },
  met: {
    frameCpu: cursor.cpuMsPerFrame <= AIMS.frameCpuMs && scroll.cpuMsPerFrame <= AIMS.frameCpuMs,
    noFullRedraw: cursor.bytesPerFrame < fullFrameBytes / 4,
    memory: memory.rssMb <= AIMS.memoryMb,
  },
})
process.exit(0)
