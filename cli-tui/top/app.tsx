import { memo, useEffect, useState, useSyncExternalStore } from 'react'
import type { ReactNode } from 'react'
import { Box, Text, useInput, useWindowSize } from 'ink'
import type { Desk } from './desk.ts'
import { frame } from './frame.ts'
import { keyNames } from './keys.ts'
import type { Marks } from './marks.ts'
import { Painter } from './painter.ts'
import type { Paper } from './painter.ts'

/** Ages and the countdown of a lost daemon move once a second. */
const TICK_MS = 1000
/** Thirty frames a second look live; a key is drawn at once if the last frame is older than this. */
const FRAME_MS = 33

export interface ScreenProps {
  readonly desk: Desk
  readonly marks: Marks
  readonly colour: boolean
  readonly columns: number
  readonly rows: number
  readonly now: number
}

/** One frame as Ink's own boxes and texts, for a screen reader and for tests: each row is a ready string. */
export function Screen({ desk, marks, colour, columns, rows, now }: ScreenProps): ReactNode {
  const { ui, data } = useSyncExternalStore(desk.subscribe, desk.snapshot, desk.snapshot)
  const drawn = frame({ ui, data, columns, rows, marks, colour, now })
  useEffect(() => desk.drawn(drawn.body))
  return (
    <Box flexDirection="column" width={columns} height={rows}>
      {drawn.rows.map((row, index) => (
        // Rows have no identity but their place.
        <Row key={index} text={row} />
      ))}
    </Box>
  )
}

/** A row that has not changed costs nothing. */
const Row = memo(function Row({ text }: { readonly text: string }): ReactNode {
  return <Text>{text}</Text>
})

export interface AppProps {
  readonly desk: Desk
  readonly marks: Marks
  readonly colour: boolean
  readonly clock: () => number
  /** Frames are painted here by themselves; without it Ink draws them. */
  readonly paper?: Paper
}

/** The program: the frame at the terminal's size, kept up with the clock, and its keys. */
export function App({ paper, ...props }: AppProps): ReactNode {
  const { desk } = props
  useEffect(() => desk.start(), [desk])
  useInput((input, key) => {
    for (const name of keyNames(input, key)) desk.press(name)
  })
  return paper === undefined ? <Drawn {...props} /> : <Painted {...props} paper={paper} />
}

function Drawn({ clock, ...props }: Omit<AppProps, 'paper'>): ReactNode {
  const { columns, rows } = useWindowSize()
  const [now, setNow] = useState(clock)
  useEffect(() => {
    const timer = setInterval(() => setNow(clock()), TICK_MS)
    return () => clearInterval(timer)
  }, [clock])
  return <Screen {...props} columns={columns} rows={rows} now={now} />
}

/** Nothing for Ink to draw: it keeps the terminal's modes, its size and the keys. What cannot be drawn ends the program, as in a component. */
function Painted({ desk, marks, colour, clock, paper }: AppProps & { readonly paper: Paper }): ReactNode {
  const { columns, rows } = useWindowSize()
  const [failure, setFailure] = useState<{ readonly error: unknown }>()
  useEffect(() => {
    const painter = new Painter(paper)
    let due: NodeJS.Timeout | undefined
    let last = 0
    const draw = (): void => {
      due = undefined
      last = performance.now()
      try {
        const { ui, data } = desk.snapshot()
        const drawn = frame({ ui, data, columns, rows, marks, colour, now: clock() })
        painter.paint(drawn.rows, columns)
        desk.drawn(drawn.body)
      } catch (error) {
        setFailure({ error })
      }
    }
    const soon = (): void => {
      due ??= setTimeout(draw, Math.max(0, FRAME_MS - (performance.now() - last)))
    }
    const stop = desk.subscribe(soon)
    const timer = setInterval(soon, TICK_MS)
    // After Ink has made room for a new size.
    soon()
    return () => {
      stop()
      clearInterval(timer)
      clearTimeout(due)
    }
  }, [desk, marks, colour, clock, paper, columns, rows])
  if (failure !== undefined) throw failure.error
  return null
}
