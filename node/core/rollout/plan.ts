import type { Millis, Version } from '../records/types.ts'

/**
 * In which waves a version reaches the nodes that it selects, as its author signed it. Every wave takes in those before
 * it: 10 % after a wave of canaries is 10 % of all, canaries included.
 */
export interface Rollout {
  readonly waves: readonly Wave[]
  /** So long a wave must have had the version in good health before the next one begins. */
  readonly soakMs: Millis
  /** More nodes than this that fail with the version, and nobody begins with it any more. */
  readonly maxFailures: number
}

/** By certified labels, by a share of the selected nodes (rounded up), or by a number of them. */
export type Wave = { readonly select: string } | { readonly percent: number } | { readonly count: number }

/** Waves of one rollout: each costs a pass over the members. */
export const WAVES_MAX = 100

/**
 * Reads what the record carries.
 *
 * @returns null: none, all nodes at once; undefined: this build does not understand it, so nothing may begin here
 */
export function rolloutOf({ rollout, selector }: Pick<Version, 'rollout' | 'selector'>): Rollout | null | undefined {
  if (rollout === null) return null
  // Facts are each node's own word: nobody could tell whom it selects.
  if (typeof rollout !== 'object' || selector.includes('facts')) return undefined
  const known = read.get(rollout)
  if (known !== undefined) return known
  const parsed = parse(rollout)
  if (parsed !== undefined) read.set(rollout, parsed)
  return parsed
}

/** Records are shared and never changed. */
const read = new WeakMap<object, Rollout>()

function parse(value: object): Rollout | undefined {
  const { waves, soakMs, maxFailures, ...more } = value as Readonly<Record<string, unknown>>
  if (!Array.isArray(waves) || waves.length === 0 || waves.length > WAVES_MAX) return undefined
  if (!isWhole(soakMs) || !isWhole(maxFailures) || Object.keys(more).length > 0) return undefined
  const list = waves.map(waveOf)
  return list.every((wave) => wave !== undefined) ? { waves: list, soakMs, maxFailures } : undefined
}

function waveOf(value: unknown): Wave | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const [[name, given] = ['', null], ...more] = Object.entries(value)
  if (more.length > 0) return undefined
  if (name === 'select' && typeof given === 'string') return { select: given }
  if (name === 'percent' && isWhole(given) && given <= 100) return { percent: given }
  return name === 'count' && isWhole(given) ? { count: given } : undefined
}

function isWhole(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}

/** As people write it. */
export function describeWave(wave: Wave): string {
  if ('select' in wave) return wave.select
  if ('percent' in wave) return `${wave.percent}%`
  return wave.count === 1 ? '1 node' : `${wave.count} nodes`
}
