import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** After the start's own garbage has become old: what was made for starting is never used again. */
const SETTLED_MS = 5_000

/** Collects once after the start, and gives the memory back to the system. */
export function collectWhenSettled(): void {
  setFlagsFromString('--expose-gc')
  const collect: unknown = runInNewContext('gc')
  setFlagsFromString('--no-expose-gc')
  if (typeof collect !== 'function') return
  setTimeout(() => void collect({ type: 'major', execution: 'sync', flavor: 'last-resort' }), SETTLED_MS).unref()
}
