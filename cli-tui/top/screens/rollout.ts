import type { WaveRow } from '../../../node/control/index.ts'
import { age } from '../../out/text.ts'
import { choosable } from '../columns.ts'
import { line, span } from '../line.ts'
import type { Line, Tone } from '../line.ts'
import type { PolicyRow } from '../source.ts'
import { placeOf } from '../ui.ts'
import { bar, grouped, percent, still } from '../view.ts'
import type { Body, View } from '../view.ts'

/** Waves shown of one policy, around the one that is under way; the others are a count. */
const WAVES_SHOWN = 6

/** How the newest version of each policy reaches its nodes: wave by wave, or all whom the selector chooses at once. */
export function rollout(view: View): Body {
  const { ui, data, rows } = view
  const list = data.policies?.filter(({ version, forked }) => version !== null || forked)
  if (list === undefined) return still([line('waiting for the first answer', 'dim')])
  if (list.length === 0) return still([line('Nothing was published yet. P publishes a folder.', 'dim')])
  const newest = [...list].sort((a, b) => (b.publishedAt ?? 0) - (a.publishedAt ?? 0))
  const { cursor, top } = placeOf(ui)
  const at = Math.min(cursor, newest.length - 1)
  const trees: (readonly Line[])[] = []
  let room = rows - 1
  for (const [index, row] of newest.entries()) {
    if (index < top) continue
    const lines = tree(row, index === at, view)
    room -= lines.length
    if (room < 0 && trees.length > 0) break
    trees.push(lines)
  }
  return {
    lines: [line('newest first; counts are what this node heard', 'dim'), ...trees.flat()],
    total: newest.length,
    visible: trees.length,
    policy: newest[at]?.policy,
  }
}

function tree(row: PolicyRow, chosen: boolean, view: View): Line[] {
  const { marks, now } = view
  const version = row.seq === null ? '' : `@${row.seq}`
  const published = row.publishedAt === null ? '' : `${age(now - row.publishedAt)} ago by ${row.author}`
  const [word, tone] = wordOf(row)
  const toGo = Math.max(0, row.of - row.inForce - row.failed)
  return [
    choosable([span(`${row.policy}${version}`), span(`  ${word}`, tone), span(`  ${published}`, 'dim')], chosen, marks),
    ...(row.rollout === undefined ? atOnce(row, tone, view) : wavesOf(row.rollout, view)),
    [
      span(`      ${grouped(row.inForce)} in force, ${grouped(toGo)} to go, `),
      span(`${grouped(row.failed)} failed`, row.failed > 0 ? 'bad' : 'dim'),
      span(` of ${marks.about}${grouped(row.of)} nodes`, 'dim'),
    ],
    ...whyHalted(row),
  ]
}

function wordOf({ forked, retired, inForce, failed, of, rollout: waves }: PolicyRow): readonly [string, Tone] {
  if (retired) return ['retired', 'dim']
  if (forked) return ['fork: halted until merged', 'bad']
  if (waves?.halted === true) return ['halted', 'bad']
  if (inForce === of) return ['done', 'good']
  const at = waves?.waves.findIndex((wave) => !isOver(wave)) ?? -1
  if (at < 0 && failed > 0)
    return inForce + failed < of ? [`spreading, ${grouped(failed)} failed`, 'bad'] : ['failed', 'bad']
  return at < 0 ? ['spreading', 'warn'] : [`wave ${at + 1} of ${waves?.waves.length ?? 0}`, 'warn']
}

function atOnce({ inForce, of }: PolicyRow, tone: Tone, { columns, marks }: View): Line[] {
  return [
    [
      span(`  ${marks.last} all at once  `),
      span(bar(inForce, of, barColumns(columns), marks), tone),
      span(` ${percent(inForce, of)}`),
    ],
  ]
}

const barColumns = (columns: number): number => Math.max(8, Math.min(40, columns - 50))

const TONES: Readonly<Record<WaveRow['state'], Tone>> = {
  done: 'good',
  open: 'warn',
  soaking: 'info',
  waiting: 'dim',
  halted: 'bad',
  empty: 'dim',
}

const isOver = ({ state }: WaveRow): boolean => state === 'done' || state === 'empty'

type Waves = NonNullable<PolicyRow['rollout']>

function wavesOf({ waves, mine }: Waves, { columns, marks }: View): Line[] {
  const current = waves.findIndex((wave) => !isOver(wave))
  const from = Math.max(0, Math.min((current < 0 ? waves.length : current) - 2, waves.length - WAVES_SHOWN))
  const shown = waves.slice(from, from + WAVES_SHOWN)
  const lines = shown.map((wave, index): Line => {
    const number = from + index
    const sign = number === waves.length - 1 ? marks.last : marks.branch
    const { done, failed, nodes, absent, state, opensInMs } = wave
    const opens = state === 'soaking' && opensInMs !== null ? `, opens in ${age(opensInMs)}` : ''
    const out = absent === 0 ? '' : `, ${grouped(absent)} away or held`
    return [
      span(`  ${sign} ${number + 1} ${wave.label.slice(0, 24).padEnd(24)} `),
      span(bar(done, Math.max(1, nodes - absent), barColumns(columns) >> 1, marks), TONES[state]),
      span(` ${grouped(done)}/${grouped(nodes)} `),
      span(`${state === 'empty' ? 'nobody else' : state}${opens}`, TONES[state]),
      ...(failed === 0 ? [] : [span(`, ${grouped(failed)} failed`, 'bad')]),
      span(`${out}${number === mine ? ', this node' : ''}`, 'dim'),
    ]
  })
  const hidden = waves.length - shown.length
  return hidden === 0 ? lines : [...lines, line(`     and ${hidden} more waves`, 'dim')]
}

function whyHalted({ rollout: waves }: PolicyRow): Line[] {
  if (waves === undefined || !waves.halted) return []
  const { failed, maxFailures, failures } = waves
  return [
    line(
      `      ${failed} failed and ${maxFailures} may: ${failures.slice(0, 4).join(', ')}; the others keep what they have`,
      'bad',
    ),
  ]
}
