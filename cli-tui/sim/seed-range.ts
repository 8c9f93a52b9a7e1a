import { CliError } from '../errors.ts'

/** Seeds are 32 bits in the generators. */
const SEED_MAX = 2 ** 32 - 1
/** Runs of one command; more belong into several jobs. */
const SEEDS_MAX = 1_000

/** `7`. @throws CliError E_USAGE */
export function parseSeed(text: string): number {
  const seed = Number(text)
  if (/^\d{1,10}$/.test(text) && seed <= SEED_MAX) return seed
  throw new CliError('E_USAGE', `--seed wants a whole number from 0 to ${SEED_MAX}, not "${text}"`)
}

/** `1..8`, `3`, `1,5,9`. @throws CliError E_USAGE */
export function parseSeeds(text: string): number[] {
  const wanted = new CliError('E_USAGE', `--seeds wants a range such as 1..8 or a list such as 1,5,9, not "${text}"`)
  const seeds = text.split(',').flatMap((part) => {
    const found = /^(\d{1,10})(?:\.\.(\d{1,10}))?$/.exec(part)
    const from = Number(found?.[1])
    const to = Number(found?.[2] ?? found?.[1])
    if (found === null || to < from || to > SEED_MAX) throw wanted
    if (to - from >= SEEDS_MAX) throw new CliError('E_USAGE', `--seeds takes at most ${SEEDS_MAX} seeds`)
    return Array.from({ length: to - from + 1 }, (_, i) => from + i)
  })
  return [...new Set(seeds)]
}
