import type { Key } from '../core/index.ts'
import type { PeerInfo } from '../net/types.ts'
import { DAEMON_LIMITS } from './limits.ts'

export interface Neighbourhood {
  peers(): readonly Pick<PeerInfo, 'key' | 'up'>[]
  /** Does anybody answer at the addresses of this peer? Null: none is known. */
  probe(peer: Key): Promise<boolean | null>
  /** Bytes heard from others since the start. */
  heard(): number
}

/**
 * Whether the others can still be reached after a change. Nobody can tell but they: an answer from any of them, after the
 * change has settled, confirms it.
 */
export class PeerConfirmation {
  readonly #net: Neighbourhood
  readonly #waitMs: number
  readonly #settleMs: number

  constructor(net: Neighbourhood, times: { readonly waitMs?: number; readonly settleMs?: number } = {}) {
    this.#net = net
    this.#waitMs = times.waitMs ?? DAEMON_LIMITS.confirmMs
    this.#settleMs = times.settleMs ?? DAEMON_LIMITS.confirmSettleMs
  }

  /** Those who are connected now; of none nothing can be asked later. */
  neighbours(): readonly Key[] {
    return this.#net
      .peers()
      .filter(({ up }) => up)
      .map(({ key }) => key)
  }

  /**
   * Waits for an answer, at most for the time that is set.
   *
   * @param who any of these will do, and whoever else is heard of
   * @param settles the change may take a moment until it has its effect: a service that restarts, a command
   * @returns whether somebody answered; true also if the wait was cancelled
   */
  async answers(who: readonly Key[], settles: boolean, signal: AbortSignal): Promise<boolean> {
    const started = performance.now()
    if (settles) await pause(this.#settleMs, signal)
    const before = this.#net.heard()
    for (let round = 0; !signal.aborted; round++) {
      const some = at(who, round * DAEMON_LIMITS.confirmProbes, DAEMON_LIMITS.confirmProbes)
      const answers = await Promise.all(some.map((peer) => this.#net.probe(peer)))
      if (answers.includes(true) || this.#net.heard() > before) return true
      if (performance.now() - started >= this.#waitMs) return false
      await pause(DAEMON_LIMITS.confirmPauseMs, signal)
    }
    return true
  }
}

/** `count` of them from `from` on, in a ring. */
function at(all: readonly Key[], from: number, count: number): Key[] {
  return Array.from({ length: Math.min(count, all.length) }, (_, i) => all[(from + i) % all.length] ?? '')
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => {
    const end = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', end)
      resolve()
    }
    const timer = setTimeout(end, ms)
    signal.addEventListener('abort', end, { once: true })
  })
}
