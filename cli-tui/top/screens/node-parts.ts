import { concernsHere } from '../../../node/control/index.ts'
import type { PolicyStatus } from '../../../node/control/index.ts'
import { age, stamp } from '../../out/text.ts'
import { BLANK, line, span, wrap } from '../line.ts'
import type { Line, Tone } from '../line.ts'
import type { Marks } from '../marks.ts'
import type { Receipt } from '../source.ts'
import { heading, stateSpan } from '../view.ts'
import type { View } from '../view.ts'

type Outcome = PolicyStatus['outcomes'][number]

/** A policy on a node, and what came of each of its resources. */
export function policyLines(policy: PolicyStatus, columns: number, marks: Marks): Line[] {
  if (!concernsHere(policy)) return [[span('- not for this node', 'dim'), span(`  ${policy.policy}`)]]
  const version = policy.seq === null ? '  not in force' : `@${policy.seq}`
  return [
    [stateSpan(policy.state, marks), span(`  ${policy.policy}${version}  `, 'bold'), span(policy.code ?? '', 'bad')],
    ...(policy.reason === '' ? [] : wrap(policy.reason, columns - 4)).map((part) => line(`    ${part}`)),
    ...policy.outcomes.flatMap((outcome) => outcomeLines(outcome, columns, marks)),
  ]
}

const OUTCOMES: Readonly<Record<Outcome['state'], readonly [sign: string, ascii: string, tone: Tone]>> = {
  kept: ['·', '.', 'dim'],
  repaired: ['↻', '@', 'info'],
  changed: ['+', '+', 'good'],
  failed: ['✗', 'x', 'bad'],
  skipped: ['-', '-', 'dim'],
  waiting: ['…', '~', 'warn'],
}

function outcomeLines({ key, state, code, reason, diff }: Outcome, columns: number, marks: Marks): Line[] {
  const [sign, ascii, tone] = OUTCOMES[state]
  const said = `${code === undefined ? '' : `${code} `}${reason}`
  const first: Line = [span(`    ${marks.ascii ? ascii : sign} ${state} `, tone), span(`${key}  `), span(said, 'dim')]
  // What went wrong is told whole; the rest may be cut at the edge.
  const room = columns - 6
  const told = state === 'failed' && said.length + key.length + 16 > columns
  const rest = told ? wrap(said, room).map((part) => line(`      ${part}`, 'dim')) : []
  return [told ? first.slice(0, 2) : first, ...rest, ...(diff === undefined || diff === '' ? [] : diffLines(diff))]
}

function diffLines(diff: string): Line[] {
  return diff
    .replace(/\n$/, '')
    .split('\n')
    .map((text) => line(`        ${text}`, text.startsWith('+') ? 'good' : text.startsWith('-') ? 'bad' : 'dim'))
}

/** The last runs that did something, newest first. */
export function runLines({ runs, cut, policies }: Receipt, { columns, marks, now }: View): Line[] {
  const shown = new Set(policies.flatMap(({ outcomes }) => outcomes.map(textOf)))
  // What the newest run did stands above already.
  const isNews = ({ outcomes }: Receipt['runs'][number]): boolean =>
    outcomes.some((outcome) => !shown.has(textOf(outcome)))
  const done = runs.filter((run, index) => (index === 0 ? isNews(run) : run.outcomes.length > 0))
  const [newest] = runs
  const last =
    newest === undefined
      ? []
      : [line(`last checked ${age(now - newest.at)} ago (${newest.why}), ${newest.kept} as they should be`, 'dim')]
  const lines = done.flatMap((run): Line[] => [
    [
      span(`${stamp(run.at).slice(5, 19)}  `, 'bold'),
      span(`${run.why}, ${run.ms} ms`, 'dim'),
      span(run.handsOff === null ? '' : `, ${run.handsOff}: nothing was changed`, 'accent'),
    ],
    ...run.outcomes.flatMap((outcome) => outcomeLines(outcome, columns, marks)),
  ])
  const missing = cut.length === 0 ? [] : [line(`left out because it was too much: ${cut.join(', ')}`, 'warn')]
  return [heading('Last runs, UTC', columns, marks), ...last, ...lines, ...missing, BLANK]
}

const textOf = ({ policy, key, state, reason }: Outcome): string => JSON.stringify([policy, key, state, reason])

export function neighbours(peers: Receipt['peers'], { columns, marks }: View): Line[] {
  const lines = [...peers]
    .sort((a, b) => (a.rttMs ?? Infinity) - (b.rttMs ?? Infinity))
    .map(({ name, rttMs, gossip, addr }): Line => [
      span(`${rttMs === null ? '     -   ' : `${rttMs.toFixed(1).padStart(6)} ms`}  ${name}  `),
      span(`${gossip ? 'gossip' : 'sync only'}  ${addr.replace(/\/p2p\/[^/]+$/, '')}`, 'dim'),
    ])
  return [heading(`Neighbours (${peers.length})`, columns, marks), ...lines, BLANK]
}

const TONES: Readonly<Record<Receipt['log'][number]['level'], Tone>> = {
  debug: 'dim',
  info: 'plain',
  warn: 'warn',
  error: 'bad',
}

/** Its log, newest first. */
export function saidLines({ log }: Receipt, { columns, marks }: View): Line[] {
  if (log.length === 0) return []
  const lines = [...log]
    .reverse()
    .map(({ at, kind, level, message }): Line => [
      span(`${stamp(at).slice(11, 19)}  `, 'dim'),
      span(`${level.padEnd(5)} ${kind}  `, TONES[level]),
      span(message),
    ])
  return [BLANK, heading('Its log, UTC', columns, marks), ...lines]
}
