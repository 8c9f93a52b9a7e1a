import { renderToString } from 'ink'
import { createElement } from 'react'
import { Screen } from '../../cli-tui/top/app.tsx'
import { Desk } from '../../cli-tui/top/desk.ts'
import { UNICODE } from '../../cli-tui/top/marks.ts'
import type { Marks } from '../../cli-tui/top/marks.ts'
import { frame } from '../../cli-tui/top/frame.ts'
import type { MeshSource } from '../../cli-tui/top/source.ts'
import { FLEET_NOW } from '../../node/control/testing/log.ts'
import { FIRST_UI } from '../../cli-tui/top/ui.ts'
import type { Ui } from '../../cli-tui/top/ui.ts'

export interface Size {
  readonly columns: number
  readonly rows: number
}

export const SIZES: readonly Size[] = [
  { columns: 60, rows: 16 },
  { columns: 100, rows: 30 },
  { columns: 200, rows: 50 },
]

/** Lets answers that are promises arrive: they need no real time. */
export const settled = (): Promise<void> => new Promise((resolve) => setImmediate(() => setImmediate(resolve)))

/** A desk with everything heard that its screen asks for, at a size. */
export async function settledDesk(source: MeshSource, ui: Partial<Ui>, { columns, rows }: Size): Promise<Desk> {
  const desk = new Desk(source, () => undefined, { ...FIRST_UI, ...ui })
  desk.start()
  for (let turn = 0; turn < 4; turn++) {
    await settled()
    desk.drawn(frame({ ...desk.snapshot(), columns, rows, marks: UNICODE, colour: false, now: FLEET_NOW }).body)
  }
  return desk
}

/** The screen as Ink draws it, without colours. */
export function drawn(desk: Desk, { columns, rows }: Size, marks: Marks = UNICODE): string {
  const screen = createElement(Screen, { desk, marks, colour: false, columns, rows, now: FLEET_NOW })
  return renderToString(screen, { columns })
}
