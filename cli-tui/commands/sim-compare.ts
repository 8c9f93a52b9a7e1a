import {
  compareRuns,
  figureText,
  mergeRuns,
  type Compared,
  type Merged,
  type RunResult,
} from '../../topology-sim/index.ts'
import type { Context, Invocation } from '../command.ts'
import { EXIT } from '../errors.ts'
import type { Exit } from '../errors.ts'
import { grid } from '../out/grid.ts'
import type { Paint } from '../out/paint.ts'
import { plural, safe } from '../out/text.ts'
import { runsAt } from '../sim/run-files.ts'
import { mergedText } from '../sim/summary.ts'

/** `chorus sim compare A B --json`. Intervals are 95%; `plusMinus` is null where one run says nothing of its spread. */
export interface SimCompareOutput {
  readonly a: SideOutput
  readonly b: SideOutput
  readonly figures: readonly Compared[]
}
/** `chorus sim compare A --json`. */
export interface SimMergedOutput {
  readonly a: SideOutput
  readonly figures: readonly Merged[]
}
interface SideOutput {
  readonly path: string
  readonly scenario: string
  readonly nodes: number
  readonly seeds: readonly number[]
}

export function run(context: Context, { args }: Invocation): Promise<Exit> {
  const { io, out } = context
  const [a = '', b] = args
  const before = runsAt(io.cwd, a)
  if (b === undefined) {
    out.result<SimMergedOutput>(
      'sim-merged',
      { a: side(a, before), figures: mergeRuns(before) },
      (data, paint) => `${titleOf(data.a, paint)}\n${mergedText(before.length, data.figures, paint)}`,
    )
    return Promise.resolve(EXIT.done)
  }
  const after = runsAt(io.cwd, b)
  const data = { a: side(a, before), b: side(b, after), figures: compareRuns(before, after) }
  out.result<SimCompareOutput>('sim-compare', data, (shown, paint) => {
    const heads = `A  ${titleOf(shown.a, paint)}B  ${titleOf(shown.b, paint)}`
    return `${heads}\n${table(shown.figures, paint)}\n${conclusion(shown.figures, paint)}`
  })
  if (data.a.scenario !== data.b.scenario && !out.json) out.warn('these are two different scenarios')
  return Promise.resolve(EXIT.done)
}

function side(path: string, runs: readonly RunResult[]): SideOutput {
  const [first] = runs
  return { path, scenario: first?.scenario ?? '', nodes: first?.nodes ?? 0, seeds: runs.map(({ seed }) => seed) }
}

function titleOf({ path, scenario, nodes, seeds }: SideOutput, paint: Paint): string {
  return `${safe(path)}: ${safe(scenario)} ${paint('dim', `(${plural(nodes, 'node')}, ${plural(seeds.length, 'seed')})`)}\n`
}

const MARKS = {
  better: ['green', 'better'],
  worse: ['red', 'worse'],
  same: ['dim', 'same'],
  unsure: ['yellow', 'one run each'],
} as const

function table(figures: readonly Compared[], paint: Paint): string {
  return grid(
    paint,
    [
      { title: 'FIGURE' },
      { title: 'A', align: 'right' },
      { title: 'B', align: 'right' },
      { title: 'B - A', align: 'right' },
      { title: '95%', align: 'right' },
      { title: '' },
    ],
    figures.map(({ name, unit, before, after, difference, verdict }) => {
      const [style, word] = MARKS[verdict]
      const sign = difference.mean > 0 ? '+' : difference.mean < 0 ? '-' : ''
      return [
        safe(name),
        figureText(before.mean, unit),
        figureText(after.mean, unit),
        `${sign}${figureText(Math.abs(difference.mean), unit)}`,
        difference.plusMinus === null ? '' : `± ${figureText(difference.plusMinus, unit)}`,
        paint(style, word),
      ]
    }),
  )
}

function conclusion(figures: readonly Compared[], paint: Paint): string {
  const count = (verdict: Compared['verdict']): number => figures.filter((figure) => figure.verdict === verdict).length
  const unsure = count('unsure')
  const hint =
    unsure === 0
      ? ''
      : paint(
          'dim',
          ` Run several seeds (--seeds 1..8) to know about ${unsure === 1 ? 'that one' : `those ${unsure}`}.`,
        )
  return `${plural(count('better'), 'figure')} better, ${count('worse')} worse, ${count('same')} the same.${hint}\n`
}
