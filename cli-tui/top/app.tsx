import { memo, useEffect, useState, useSyncExternalStore } from 'react'
import type { ReactNode } from 'react'
import { Box, Text, useInput, useWindowSize } from 'ink'
import type { Desk } from './desk.ts'
import { frame } from './frame.ts'
import { keyNames } from './keys.ts'
import type { Marks } from './marks.ts'

/** Ages and the countdown of a lost daemon move once a second. */
const TICK_MS = 1000

export interface ScreenProps {
  readonly desk: Desk
  readonly marks: Marks
  readonly colour: boolean
  readonly columns: number
  readonly rows: number
  readonly now: number
}

/** One frame: each row is a ready string, so that Ink has nothing to lay out and only changed rows are written. */
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
}

/** The program: the frame at the terminal's size, kept up with the clock, and its keys. */
export function App({ desk, marks, colour, clock }: AppProps): ReactNode {
  const { columns, rows } = useWindowSize()
  const [now, setNow] = useState(clock)
  useEffect(() => desk.start(), [desk])
  useEffect(() => {
    const timer = setInterval(() => setNow(clock()), TICK_MS)
    return () => clearInterval(timer)
  }, [clock])
  useInput((input, key) => {
    for (const name of keyNames(input, key)) desk.press(name)
  })
  return <Screen desk={desk} marks={marks} colour={colour} columns={columns} rows={rows} now={now} />
}
