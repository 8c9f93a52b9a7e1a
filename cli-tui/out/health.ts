import type { Paint } from './paint.ts'

type Style = Parameters<Paint>[0]

/** How each state looks. Every colour has a sign and a word of its own, so that nothing is said by colour alone. */
const STATES: Readonly<Record<string, readonly [sign: string, style: Style]>> = {
  ok: ['●', 'green'],
  behind: ['◐', 'yellow'],
  drift: ['≠', 'yellow'],
  failed: ['✗', 'red'],
  held: ['‖', 'magenta'],
  waiting: ['…', 'yellow'],
  stale: ['?', 'yellow'],
  away: ['○', 'dim'],
  down: ['▽', 'red'],
  unknown: ['·', 'dim'],
  kept: ['·', 'dim'],
  repaired: ['↻', 'cyan'],
  changed: ['+', 'green'],
  skipped: ['-', 'dim'],
}

/** The sign of a state and its word, or another word for it. */
export function stateText(paint: Paint, state: string, word: string = state): string {
  const [sign, style] = STATES[state] ?? ['·', 'dim']
  return paint(style, `${sign} ${word}`)
}
