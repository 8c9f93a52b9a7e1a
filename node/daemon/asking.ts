import { ControlError } from '../control/errors.ts'
import type { Command, Input, Reply } from '../core/index.ts'
import type { LocalVerdict, Waiting } from './actions.ts'
import { DAEMON_LIMITS } from './limits.ts'

/** Questions to the engine and records handed in here, each with somebody who waits for the answer. Bounded. */
export class Asking implements Waiting {
  readonly #feed: (input: Input) => void
  readonly #replies = new Map<number, (reply: Reply) => void>()
  readonly #verdicts = new Map<number, (verdict: LocalVerdict) => void>()
  #last = 0
  #stopped = false

  constructor(feed: (input: Input) => void) {
    this.#feed = feed
  }

  /** @throws ControlError E_BUSY, E_STOPPING */
  async command(command: Command): Promise<Reply> {
    const ref = this.#next()
    return await new Promise((resolve) => {
      this.#replies.set(ref, resolve)
      this.#feed({ type: 'command', ref, command })
    })
  }

  /** Resolves when the record is durable, or refused. @throws ControlError E_BUSY, E_STOPPING */
  async submit(bytes: Uint8Array): Promise<LocalVerdict> {
    const ref = -this.#next()
    return await new Promise((resolve) => {
      this.#verdicts.set(ref, resolve)
      this.#feed({ type: 'record', via: 'local', from: null, bytes, ref })
    })
  }

  reply(ref: number, reply: Reply): void {
    const resolve = this.#replies.get(ref)
    this.#replies.delete(ref)
    resolve?.(reply)
  }

  verdict(ref: number, verdict: LocalVerdict): void {
    const resolve = this.#verdicts.get(ref)
    this.#verdicts.delete(ref)
    resolve?.(verdict)
  }

  /** Answers everyone who still waits. */
  stop(): void {
    this.#stopped = true
    const message = 'The daemon stopped before it could answer.'
    for (const ref of this.#replies.keys()) this.reply(ref, { ok: false, code: 'E_STOPPING', message })
    for (const ref of this.#verdicts.keys()) this.verdict(ref, { result: 'ignore', code: 'E_STOPPING', id: null })
  }

  #next(): number {
    if (this.#stopped) throw new ControlError('E_STOPPING', 'The daemon is stopping.')
    if (this.#replies.size + this.#verdicts.size >= DAEMON_LIMITS.waiting) {
      throw new ControlError('E_BUSY', `${DAEMON_LIMITS.waiting} requests wait for an answer already.`)
    }
    this.#last += 1
    return this.#last
  }
}
