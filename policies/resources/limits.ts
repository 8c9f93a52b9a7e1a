const KiB = 1024
const MiB = 1024 * KiB

/** Bounds of what resources do on a host, with reasons. Sizes in bytes, times in milliseconds. */
export const RESOURCE_LIMITS = {
  /** A file read whole to be compared with `content`; larger ones differ by their size already. */
  contentBytes: 16 * MiB,
  /** Files larger than this are told of in a diff by their size only. */
  diffBytes: 64 * KiB,
  /** Lines on either side of a diff: its search costs their product at worst. */
  diffLines: 2_000,
  /** Lines of a diff that are shown. */
  diffShown: 200,
  /** Entries below a recursive directory: more is a mistake in its path. */
  treeEntries: 50_000,
  /** Depth below a recursive directory. */
  treeDepth: 64,
  /** Differences that are told of one by one. */
  treeChanges: 20,
  /** `timeout` of a command where its policy gives none, and the longest that it may give. */
  execTimeoutMs: 300_000,
  execTimeoutMaxMs: 24 * 3_600_000,
  /** A guard only looks. */
  guardTimeoutMs: 60_000,
  /** Characters of a command's output in a reason. */
  outputShown: 600,
} as const
