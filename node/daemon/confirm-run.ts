import { LIMITS, rewindRun } from '../../policies/index.ts'
import type { ConvergeRequest, ConvergeResult, Memory, Outcome, RememberedResource } from '../../policies/index.ts'
import type { Key } from '../core/index.ts'
import type { PeerConfirmation } from './confirm.ts'
import type { RunMarks } from './health-marks.ts'
import type { RunMemory } from './memory.ts'

export interface ConfirmOptions {
  /** Null: there is nobody to ask, in tests and simulations. */
  readonly confirmation: PeerConfirmation | null
  readonly memory: RunMemory
  readonly marks: RunMarks
  readonly signal: AbortSignal
  /** Something that people must know. */
  readonly tell: (level: 'warn' | 'info', message: string, ids: readonly string[]) => void
}

type Before = ReadonlyMap<string, RememberedResource | null>

/** Takes back a run that cut this node off from all others. */
export class ConfirmedRun {
  readonly #options: ConfirmOptions

  constructor(options: ConfirmOptions) {
    this.#options = options
  }

  /** Those who can be asked afterwards. */
  neighbours(): readonly Key[] {
    return this.#options.confirmation?.neighbours() ?? []
  }

  /**
   * Asks the neighbours after a run.
   *
   * @param request the run, for taking it back
   * @returns outcomes of the policies that were taken back; none if all is well
   */
  async after(
    who: readonly Key[],
    before: Memory,
    result: ConvergeResult,
    request: () => ConvergeRequest,
    again: () => Promise<void>,
  ): Promise<readonly Outcome[]> {
    const changed = changedSince(before, result.outcomes)
    if (who.length === 0 || changed.size === 0) return []
    this.#options.marks.unconfirmed(Object.fromEntries(changed))
    const settles = result.outcomes.some(({ key, state }) => !key.startsWith('file/') && isChange(state))
    return await this.#confirm(who, changed, settles, request, again)
  }

  /** What a run before the last start has left without an answer: nobody, or a crash, came in between. */
  async pending(
    who: readonly Key[],
    request: () => ConvergeRequest,
    again: () => Promise<void>,
  ): Promise<readonly Outcome[]> {
    const left = this.#options.marks.unconfirmed()
    if (left === null || this.#options.confirmation === null) return []
    return await this.#confirm(who, new Map(Object.entries(left)), true, request, again)
  }

  async #confirm(
    who: readonly Key[],
    changed: Before,
    settles: boolean,
    request: () => ConvergeRequest,
    again: () => Promise<void>,
  ): Promise<readonly Outcome[]> {
    const { confirmation, memory, marks, signal, tell } = this.#options
    if (confirmation === null) return []
    if (await confirmation.answers(who, settles, signal)) {
      // Cancelled is not confirmed: the next start asks again.
      if (!signal.aborted) marks.unconfirmed(null)
      return []
    }
    const ids = [...changed.keys()]
    tell('warn', 'No neighbour can be reached since the last change: it is taken back.', ids)
    const { outcomes, memory: old } = await rewindRun({ ...request(), memory: memory.value }, changed)
    memory.save(old)
    const lost = outcomes.filter(({ state }) => state === 'failed')
    const back = await confirmation.answers(who, true, signal)
    if (signal.aborted) return []
    marks.unconfirmed(null)
    if (!back) {
      tell(
        'info',
        'Neighbours are still out of reach without the last change, so it is not the reason: it is made again.',
        ids,
      )
      await again()
      return []
    }
    const rest = lost.map(({ key, reason }) => `; ${key}: ${reason}`).join('')
    const reason = `it cut this node off from all its neighbours and was taken back${rest}`.slice(0, LIMITS.reasonChars)
    const policies = new Set(ids.map((id) => id.slice(0, id.indexOf(' '))))
    return [...policies].map((policy) => ({ policy, key: 'network', state: 'failed', code: 'E_CUT_OFF', reason }))
  }
}

function isChange(state: Outcome['state']): boolean {
  return state === 'changed' || state === 'repaired'
}

function changedSince({ resources }: Memory, outcomes: readonly Outcome[]): Before {
  return new Map(
    outcomes.flatMap(({ policy, key, state }): [string, RememberedResource | null][] => {
      const id = `${policy} ${key}`
      return isChange(state) ? [[id, (Object.hasOwn(resources, id) ? resources[id] : null) ?? null]] : []
    }),
  )
}
