import type { Driver, Published } from './driver.ts'

/** Why a version is not in force where it should be, in words: it is void, or another one with its number wins. Null: neither. */
export function fateOf({ world, published: all }: Driver, { publication }: Published): string | null {
  const { version, policy, seq, selects, durableMs } = publication
  const node = selects.findIndex(
    (selected, at) => selected === 1 && world.isUp(at) && !Number.isNaN(durableMs[at] ?? Number.NaN),
  )
  const view = node < 0 ? undefined : world.engine(node)?.view
  if (version === null || view === undefined) return null
  const judged = view.ledger.judge(version)
  if (judged?.counts === false)
    return publication.counts.applied === 0 ? `void, nobody applies it (${judged.code})` : null
  const isRival = ({ publication: other }: Published): boolean =>
    other !== publication && other.policy === policy && other.seq === seq
  const winner = view.policies().find((one) => one.policy === policy)?.winner?.id
  if (!all.some(isRival) || winner === version) return null
  return 'loses the fork: of the versions with its number another one wins'
}
