import { COMMANDS } from '../commands.ts'
import { STATES } from '../health.ts'
import { KEYS, offeredKeys } from '../keys.ts'
import type { KeyLine } from '../keys.ts'
import { BLANK, cell, span } from '../line.ts'
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
    ...offeredKeys(KEYS, new Set(data.actions.map(({ name }) => name))).map((key): Line => [
      span(cell(key.keys.join(' '), 20, marks), 'bold'),
      span(cell(key.what, Math.min(46, columns - 34), marks)),
      span(`  ${where(key)}`, 'dim'),
    ]),
    BLANK,
    heading('Commands', columns, marks),
    ...COMMANDS.map(({ name, arg, what }): Line => [span(cell(`:${name} ${arg}`, 28, marks), 'bold'), span(what)]),
    BLANK,
    heading('Actions from here', columns, marks),
    ...data.actions.map(({ name, disabled }): Line => [
      span(cell(name, 12, marks), 'bold'),
      disabled === null ? span('possible', 'good') : span(`not possible: ${disabled}`, 'warn'),
    ]),
    BLANK,
    heading('States', columns, marks),
    ...STATES.map((state): Line => [...fact('', stateSpan(state, marks), marks, 2), span(`  ${MEANING[state]}`)]),
    BLANK,
    heading('Marks', columns, marks),
    [span(cell(marks.about, 4, marks), 'bold'), span('an estimate: no node knows a fleet without a master exactly')],
  ]
  return scrolled([heading('Keys', columns, marks)], text, view)
}

const where = ({ on }: KeyLine): string => (on === 'all' || on.length > 6 ? '' : on.join(', '))
