import { z } from 'zod'
import { checkSelector } from '../expr/selector.ts'
import type { CompiledPolicy } from '../model.ts'
import { duration, msOf } from '../resources/timing.ts'
import { complain, type Work } from './work.ts'
import type { YamlEntry, YamlNode } from './yaml.ts'

/** In which waves a version reaches its nodes: what the author writes, and what the record of the version says of it. */
const percent = z.string().regex(/^(100|[1-9][0-9]?)%$/, 'a percentage, as in 10%')

export const rolloutShape = z.strictObject({
  waves: z
    .array(z.union([percent, z.strictObject({ select: z.string() }), z.strictObject({ count: z.int().min(1) })]))
    .min(1)
    .max(100)
    .optional()
    .describe(
      'who goes first: {select: by labels}, {count: nodes} or a share of the selected nodes; each takes in those before it, the last is 100%',
    ),
  soak: duration
    .optional()
    .describe('how long a wave must have been in good health before the next one begins (10m if nothing is said)'),
  maxFailures: z
    .int()
    .min(0)
    .optional()
    .describe('nodes that may fail with it; one more, and no other node begins (0 if nothing is said)'),
  fallback: z.enum(['never', 'automatic']).optional().describe('never: what fails its health check stays all the same'),
})

const SOAK = '10m'

/** As the record of a version carries it: whole numbers, times in milliseconds. */
export interface SignedRollout {
  readonly waves: readonly ({ readonly select: string } | { readonly count: number } | { readonly percent: number })[]
  readonly soakMs: number
  readonly maxFailures: number
}

/** Null: all nodes at once. */
export function rolloutFor({ extra }: CompiledPolicy): SignedRollout | null {
  const read = rolloutShape.safeParse(extra['rollout'])
  if (!read.success || read.data.waves === undefined) return null
  const { waves, soak = SOAK, maxFailures = 0 } = read.data
  return {
    waves: waves.map((wave) => (typeof wave === 'string' ? { percent: Number.parseInt(wave, 10) } : wave)),
    soakMs: msOf(soak),
    maxFailures,
  }
}

/**
 * What its form does not tell: who is selected and who is in a wave must not be the node's own word, so facts have no
 * say in either; shares grow; and the last wave is everyone, else the rest would wait for ever.
 */
export function checkRollout(work: Work, { value }: YamlEntry, select: YamlNode | undefined): void {
  if (value.kind !== 'map') return
  const waves = value.entries.find(({ key }) => key === 'waves')?.value
  if (waves === undefined) {
    const lone = value.entries.find(({ key }) => key === 'soak' || key === 'maxFailures')
    if (lone !== undefined)
      complain(work, lone.value, 'E_VALUE', `rollout.${lone.key} needs waves`, 'As in waves: [10%, 100%].')
    return
  }
  if (waves.kind !== 'list') return
  if (select?.kind === 'scalar' && String(select.value).includes('facts')) checkSelect(work, select, ['labels', 'node'])
  let share = 0
  for (const wave of waves.items) {
    const now = shareOf(wave)
    if (now !== undefined && now <= share)
      complain(
        work,
        wave,
        'E_VALUE',
        `rollout.waves: ${now}% comes after ${share}%`,
        'Each wave takes in those before.',
      )
    share = now ?? share
    if (wave.kind === 'map') checkSelect(work, wave.entries.find(({ key }) => key === 'select')?.value, ['labels'])
  }
  const last = waves.items.at(-1)
  if (last !== undefined && shareOf(last) !== 100)
    complain(
      work,
      last,
      'E_VALUE',
      'rollout.waves: the last wave is not 100%',
      'End with 100%: the rest would wait for ever.',
    )
}

function shareOf(wave: YamlNode): number | undefined {
  if (wave.kind !== 'scalar' || typeof wave.value !== 'string') return undefined
  return percent.safeParse(wave.value).success ? Number.parseInt(wave.value, 10) : undefined
}

function checkSelect(work: Work, select: YamlNode | undefined, roots: readonly string[]): void {
  if (select?.kind !== 'scalar' || typeof select.value !== 'string') return
  const text = select.value
  work.report.attempt(work.report.place(select.file, select.offset), '', () => checkSelector(text, roots))
}
