import { setFlagsFromString } from 'node:v8'

/**
 * Settings of V8 for a small process that is idle most of the time and then moves a gigabyte through buffers outside the
 * heap. Measured with 10 neighbours: 127 MB resident become 100, 0.4 % CPU idle become 0.2; a bundle of 200 MB costs the
 * receiver 2.3 s of CPU instead of 5.
 */
const FLAGS = [
  // The young generation stays at 1 MB; it would grow to 32 while libp2p is loaded and never shrink.
  '--semi-space-growth-factor=1',
  // With a heap of 30 MB a whole mark takes 20 ms; doing it in steps, on other threads, costs twice the CPU.
  '--no-incremental-marking',
  // Buffers count towards the heap's own limit: otherwise every 20 MB received start a collection.
  '--external-memory-accounted-in-global-limit',
]

/** Call it first in a daemon's process, before anything large is imported. */
export function tuneMemory(): void {
  for (const flag of FLAGS) setFlagsFromString(flag)
}
