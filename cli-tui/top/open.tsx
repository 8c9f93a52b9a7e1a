import { render } from 'ink'
import { App } from './app.tsx'
import { Desk } from './desk.ts'
import type { Marks } from './marks.ts'
import type { MeshSource } from './source.ts'

export interface OpenOptions {
  readonly marks: Marks
  readonly colour: boolean
  readonly clock: () => number
  /** Ends it from outside: SIGTERM, or Ctrl-C of a terminal that is not raw. */
  readonly signal: AbortSignal
  readonly screenReader: boolean
}

/** Twelve frames a second look live, and leave the machine to its work. */
const FPS = 12

/** Takes the screen until the user leaves. The terminal is given back in every case: Ink restores it on unmount, on errors and on exit. */
export async function open(source: MeshSource, options: OpenOptions): Promise<void> {
  const { marks, colour, clock, signal, screenReader } = options
  const desk = new Desk(source, () => app.unmount())
  // A screen reader reads what Ink draws; for eyes the rows go to the terminal as they are.
  const paper = screenReader ? {} : { paper: process.stdout }
  const app = render(<App desk={desk} marks={marks} colour={colour} clock={clock} {...paper} />, {
    alternateScreen: true,
    incrementalRendering: true,
    exitOnCtrlC: false,
    patchConsole: true,
    maxFps: FPS,
    interactive: true,
    isScreenReaderEnabled: screenReader,
  })
  const end = (): void => app.unmount()
  signal.addEventListener('abort', end, { once: true })
  try {
    await app.waitUntilExit()
  } finally {
    signal.removeEventListener('abort', end)
    app.cleanup()
    source.close()
  }
}
