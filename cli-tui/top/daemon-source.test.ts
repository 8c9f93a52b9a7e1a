import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { ControlEvent } from '../../node/control/index.ts'
import { DaemonSource } from './daemon-source.ts'
import type { DaemonSourceOptions } from './daemon-source.ts'
import { FleetSource } from './testing/fleet-source.ts'

const mesh = new FleetSource(12)
const id = (index: number): string => mesh.fleet.row(index).id
const past = { at: 1, kind: 'run', level: 'info' as const, message: 'before the screen' }

/** A daemon that can be killed, and whose events are pushed by hand. */
class FakeDaemon {
  up = true
  looks = 0
  #wake: (() => void) | undefined
  #queue: ControlEvent[] = []

  readonly client: DaemonSourceOptions['client'] = {
    summary: () => this.#answer(() => (this.looks++, mesh.summary())),
    groups: (by) => this.#answer(async () => ({ groups: await mesh.groups(by) })),
    page: (query) =>
      this.#answer(() =>
        mesh.page({ sort: 'name', descending: false, filter: '', problemsOnly: false, offset: 0, limit: 5, ...query }),
      ),
    policies: () => this.#answer(async () => ({ policies: await mesh.policies() })),
    node: (wanted) =>
      this.#answer(async () => {
        const found = await mesh.node(wanted)
        if (found === undefined) throw Object.assign(new Error('no member'), { code: 'E_NOT_FOUND' })
        return found
      }),
    receipt: (wanted) => this.#answer(() => mesh.receipt(wanted)),
    history: () => this.#answer(() => ({ events: [past] })),
    log: () => this.#answer(async () => ({ api: 1 as const, entries: [...(await mesh.log('web/site'))] })),
    events: () => this.#events(),
  }

  kill(): void {
    this.up = false
    this.#wake?.()
  }

  happen(message: string): void {
    this.#queue.push({ at: Date.now(), kind: 'run', level: 'info', message, fields: {} })
    this.#wake?.()
  }

  async #answer<T>(make: () => T | Promise<T>): Promise<T> {
    if (!this.up) throw new Error('No daemon runs in /s.')
    return await make()
  }

  async *#events(): AsyncGenerator<ControlEvent> {
    while (this.up) {
      const event = this.#queue.shift()
      if (event !== undefined) yield event
      else await new Promise<void>((resolve) => (this.#wake = resolve))
    }
  }
}

describe('a mesh through the control API', () => {
  beforeEach(() => void vi.useFakeTimers({ now: 1_000_000 }))
  afterEach(() => void vi.useRealTimers())

  function open(): { daemon: FakeDaemon; source: DaemonSource } {
    const daemon = new FakeDaemon()
    const source = new DaemonSource({
      client: daemon.client,
      act: () => Promise.resolve(''),
      now: Date.now,
      noRoot: () => null,
    })
    return { daemon, source }
  }

  it('asks the daemon for sums, one page and one node, and knows what happened before', async () => {
    const { source } = open()
    await source.start()
    expect(await source.summary()).toMatchObject({ meshName: 'harbour', nodes: 12 })
    const query = { sort: 'name', descending: false, filter: '', problemsOnly: false, offset: 0, limit: 5 } as const
    const page = await source.page(query)
    expect([page.rows.length, page.total]).toEqual([5, 12])
    expect(source.actions().find(({ name }) => name === 'publish')?.disabled).toBeNull()
    expect((await source.node(id(0)))?.row.self).toBe(true)
    expect(await source.node('nobody')).toBeUndefined()
    expect((await source.receipt(id(2))).policies.length).toBeGreaterThan(0)
    expect((await source.events(0)).map(({ message }) => message)).toEqual(['before the screen'])
    source.close()
  })

  it('refuses to start without a daemon, with the reason that the client gave', async () => {
    const { daemon, source } = open()
    daemon.up = false
    await expect(source.start()).rejects.toThrow('No daemon runs in /s.')
    source.close()
  })

  it('says at once that the daemon is lost, keeps what it knew, and comes back with growing pauses', async () => {
    const { daemon, source } = open()
    await source.start()
    let changes = 0
    source.subscribe(() => changes++)
    daemon.kill()
    await vi.advanceTimersByTimeAsync(0)
    expect(source.connection()).toMatchObject({ state: 'lost', since: 1_000_000, retryAt: 1_000_500 })
    expect(changes).toBe(1)
    expect(await source.summary()).toMatchObject({ nodes: 12 })
    const pauses: number[] = []
    for (let attempt = 0; attempt < 7; attempt++) {
      const connection = source.connection()
      if (connection.state !== 'lost') throw new Error('it should still be lost')
      const pause = connection.retryAt - Date.now()
      pauses.push(pause)
      await vi.advanceTimersByTimeAsync(pause)
    }
    expect(pauses).toEqual([500, 1000, 2000, 4000, 8000, 10_000, 10_000])
    daemon.up = true
    await vi.advanceTimersByTimeAsync(10_000)
    expect(source.connection()).toEqual({ state: 'up' })
    daemon.happen('after the return')
    await vi.advanceTimersByTimeAsync(0)
    expect((await source.events(1)).map(({ message }) => message)).toEqual(['after the return'])
    source.close()
  })

  it('looks once for a burst of events, and goes on looking while they keep coming', async () => {
    const { daemon, source } = open()
    await source.start()
    const before = daemon.looks
    for (let step = 0; step < 40; step++) {
      daemon.happen(`event ${step}`)
      await vi.advanceTimersByTimeAsync(50)
    }
    expect(daemon.looks - before).toBeGreaterThanOrEqual(6)
    expect(daemon.looks - before).toBeLessThanOrEqual(9)
    source.close()
    await vi.advanceTimersByTimeAsync(60_000)
    expect(daemon.looks - before).toBeLessThanOrEqual(9)
  })
})
