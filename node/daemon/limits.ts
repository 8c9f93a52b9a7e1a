/** Bounds and intervals of the driver loop, with their reasons. Milliseconds unless named otherwise. */
export const DAEMON_LIMITS = {
  /** inotify watches: one a folder. The kernel allows a user 8,192 and more; what is over is left to the periodic check. */
  watchedFolders: 1024,
  /** Watched paths in all. */
  watchedPaths: 50_000,
  /** A burst of changes (an editor saves by several operations) is one drift. */
  driftDebounceMs: 25,
  /** Drifts of one resource within the window after which its watch stops until the window has passed. */
  flapDrifts: 10,
  flapWindowMs: 10 * 60_000,
  /** But a file that never stops changing is reported all the same. */
  driftMaxDelayMs: 2_000,
  /** One run over all policies; what is not done by then is stopped and failed. */
  runMs: 60 * 60_000,
  /** After a change: without an answer from any neighbour for so long it is taken back. Their restarts take less. */
  confirmMs: 60_000,
  /** What restarts or runs may have its effect on the network a moment later. */
  confirmSettleMs: 1_000,
  /** Neighbours asked at once, and the pause between two rounds. */
  confirmProbes: 4,
  confirmPauseMs: 500,
  /** Resources worked on at once within a run. */
  parallel: 4,
  /** Compiled policies kept in memory; a policy is a few KB, 16 MiB at worst. */
  policyCache: 16,
  policyCacheBytes: 32 * 1024 * 1024,
  /** Opened secrets kept in memory: 256 KiB each at worst. */
  secretCache: 64,
  /** A command that prints a secret; a run waits for it. */
  secretCommandMs: 10_000,
  /** Bytes of the memory of runs, as JSON in the store. */
  memoryBytes: 64 * 1024 * 1024,
  /** Programs that one daemon supervises, and what each may write to its log before the log starts anew (two are kept). */
  processes: 256,
  processLogBytes: 1024 * 1024,
  /** The last words of a program that are shown. */
  processWords: 500,
  /** A program that ran for so long has come up well: the next pause before a restart is the first one again. */
  processWellMs: 60_000,
  /** How long a clean stop waits for the run in progress before it is stopped. */
  stopMs: 10_000,
  /** Waiting requests of the control API that the engine answers. */
  waiting: 256,
} as const
