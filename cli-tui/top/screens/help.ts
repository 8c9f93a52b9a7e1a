import { COMMANDS } from '../commands.ts'
import { STATES } from '../health.ts'
import { KEYS, offeredKeys } from '../keys.ts'
import type { KeyLine } from '../keys.ts'
import { BLANK, cell, line, span, wrap } from '../line.ts'
import type { Line } from '../line.ts'
import type { Health } from '../source.ts'
import { fact, heading, scrolled, stateSpan } from '../view.ts'
import type { Body, View } from '../view.ts'

const MEANING: Readonly<Record<Health, string>> = {
  failed: 'a run failed, and is tried again',
  down: 'no beacon for too long',
  stale: 'it hears too few others to know what is in force',
  drift: 'it differs from its policies and is not mended',
  behind: 'it does not run the winning version yet',
  waiting: 'it waits for another resource, policy or content',
  unknown: 'a member that was never heard',
  held: 'someone stopped changes there, with a reason',
  away: 'comes and goes, and is gone: not counted',
  ok: 'it runs what it should, and said so lately',
}

/** Made from the tables of keys, commands and states, so that it cannot tell of what is not there. */
export function help(view: View): Body {
  const { columns, marks, data } = view
  const text: Line[] = [
    ...offeredKeys(KEYS, new Set(data.actions.map(({ name }) => name))).flatMap((key) => keyLines(key, view)),
    BLANK,
    heading('Commands', columns, marks),
    ...COMMANDS.map(({ name, arg, what }): Line => [span(cell(`:${name} ${arg}`, 29, marks), 'bold'), span(what)]),
    BLANK,
    heading('Actions from here', columns, marks),
    ...data.actions.flatMap(({ name, disabled }): Line[] => {
      const told = disabled === null ? line('possible', 'good') : line(`not possible: ${disabled}`, 'warn')
      return told.flatMap(({ text: said, tone }) =>
        wrap(said, columns - 12).map((part, index) => [
          span(cell(index === 0 ? name : '', 12, marks), 'bold'),
          span(part, tone),
        ]),
      )
    }),
    BLANK,
    heading('States', columns, marks),
    ...STATES.map((state): Line => [...fact('', stateSpan(state, marks), marks, 2), span(`  ${MEANING[state]}`)]),
    BLANK,
    heading('Marks', columns, marks),
    [span(cell(marks.about, 4, marks), 'bold'), span('an estimate: no node knows a fleet without a master exactly')],
  ]
  return scrolled([heading('Keys', columns, marks)], text, view)
}

/** Columns of the longest names of keys, and of the longest of what they do. */
const NAMES = Math.max(...KEYS.map(({ keys }) => keys.join(' ').length)) + 2
const DOES = Math.max(...KEYS.map(({ what }) => what.length)) + 2

/** Where a key works stands behind what it does, or below where there is no room. */
function keyLines(key: KeyLine, { columns, marks }: View): Line[] {
  const { keys, what, on } = key
  const where = on === 'all' || on.length > 7 ? '' : `on ${on.join(', ')}`
  const room = columns - NAMES
  const name = (text: string): Line[number] => span(cell(text, NAMES, marks), 'bold')
  if (where !== '' && DOES + where.length <= room)
    return [[name(keys.join(' ')), span(cell(what, DOES, marks)), span(where, 'dim')]]
  const below = where === '' ? [] : wrap(where, room).map((part) => span(part, 'dim'))
  return [...wrap(what, room).map((part) => span(part)), ...below].map((part, index) => [
    name(index === 0 ? keys.join(' ') : ''),
    part,
  ])
}
