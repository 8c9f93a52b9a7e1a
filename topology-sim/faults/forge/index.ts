import { beaconForgeries } from './beacons.ts'
import { byteForgeries } from './bytes.ts'
import { charterForgeries } from './charters.ts'
import { feedForgeries } from './feeds.ts'
import { memberForgeries } from './members.ts'
import type { Forgery } from './tools.ts'

/** Every way to write what must not be believed. */
export const FORGERIES: readonly Forgery[] = [
  ...byteForgeries,
  ...feedForgeries,
  ...memberForgeries,
  ...charterForgeries,
  ...beaconForgeries,
]
