import type { ServerResponse } from 'node:http'
import { ControlError } from './errors.ts'
import { HEARTBEAT } from './event-lines.ts'
import { CONTROL_LIMITS } from './limits.ts'
import type { ControlEvent } from './schema.ts'

/** Event streams of the control API, each with a bounded queue: a client that does not read loses events, nobody else does. */
export class Watchers {
  readonly #open = new Set<ServerResponse>()
  readonly #subscribe: (listener: (event: ControlEvent) => void) => () => void
  readonly #max: number

  constructor(
    subscribe: (listener: (event: ControlEvent) => void) => () => void,
    max: number = CONTROL_LIMITS.watchersMax,
  ) {
    this.#subscribe = subscribe
    this.#max = max
  }

  /** @throws ControlError E_BUSY if too many watch already */
  add(response: ServerResponse, headers: Readonly<Record<string, string>>): void {
    if (this.#open.size >= this.#max) {
      throw new ControlError('E_BUSY', `${this.#max} event streams are open already.`)
    }
    this.#open.add(response)
    response.writeHead(200, {
      ...headers,
      'content-type': 'application/jsonl; charset=utf-8',
      'cache-control': 'no-store',
    })
    // The head goes out with the first byte.
    response.write(HEARTBEAT)
    let missed = 0
    const room = (): boolean => response.writableLength < CONTROL_LIMITS.watcherBytes
    const end = this.#subscribe((event) => {
      if (!room()) {
        missed += 1
        return
      }
      if (missed > 0) response.write(line(lagged(event.at, missed)))
      missed = 0
      response.write(line(event))
    })
    const beat = setInterval(() => {
      if (room()) response.write(HEARTBEAT)
    }, CONTROL_LIMITS.heartbeatMs)
    response.on('close', () => {
      end()
      clearInterval(beat)
      this.#open.delete(response)
    })
    response.on('error', () => response.destroy())
  }

  close(): void {
    for (const response of this.#open) response.end()
  }
}

function line(event: ControlEvent): string {
  return `${JSON.stringify(event)}\n`
}

function lagged(at: number, missed: number): ControlEvent {
  return {
    at,
    kind: 'lagged',
    level: 'warn',
    message: `${missed} events were dropped: this reader is too slow.`,
    fields: { missed },
  }
}
