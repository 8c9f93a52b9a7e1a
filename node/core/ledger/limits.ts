/** Bounds of the ledger. RECORDS.md gives those that every node must share: they decide what is held and what counts. */
export const LEDGER_LIMITS = {
  /** RECORDS.md, section 2: tips of the highest epoch in force, lowest CIDs. A stolen root can make any number. */
  tips: 8,
  /**
   * Charters that lead to no tip in force (rivals of an older epoch, tips beyond the 8): the first by (n, CID) are kept
   * to be shown. A retired root can still sign such charters, so there must be a bound.
   */
  sideCharters: 64,
  /** RECORDS.md, section 4: set records (leave, unknown types) of one key, lowest CIDs. */
  setsOfKey: 64,
  /** Unconfirmed provisional certificates of one invite beyond its uses: enough to prove the overuse. */
  provisionalsBeyondUses: 64,
  /** RECORDS.md, section 4: a provisional certificate ends this long after its invite. */
  provisionalGraceMs: 30 * 24 * 3600 * 1000,
  /** Results of selectors that are remembered; a mesh has few distinct ones, and a node few labels. */
  selectorMemo: 20_000,
} as const
