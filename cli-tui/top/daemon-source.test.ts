import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { ControlEvent, NodeRow, Status } from '../../node/control/index.ts'
import { DaemonSource } from './daemon-source.ts'
import type { DaemonSourceOptions } from './daemon-source.ts'
import { Fleet } from './testing/fleet.ts'
import { logOf } from './testing/story.ts'

const fleet = new Fleet(12)
const rows = (): NodeRow[] => Array.from({ length: 12 }, (_, index) => fleet.row(index))

function statusNow(): Status {
  const { name, id, key, labels } = fleet.row(0)
  return {
    api: 1,
    agent: 'chorus/0.1.0',
    mesh: 'mesh',
    meshName: 'harbour',
    node: { name, id, key, labels, provisional: false, instance: 'i' },
    health: 'drift',
    stale: false,
    observe: false,
    hold: null,
    charter: { n: 1, epoch: 0, tips: ['tip'] },
    peers: [],
    ledger: { digest: '', records: 3, pending: 0, held: 0 },
    fleet: { nodes: 12, converged: 11, byState: {} },
    policies: [],
    alarms: [],
    startedAt: 0,
    addrs: [],
  }
}

/** A daemon that can be killed, and whose events are pushed by hand. */
class FakeDaemon {
  up = true
  looks = 0
  #wake: (() => void) | undefined
  #queue: ControlEvent[] = []

  readonly client: DaemonSourceOptions['client'] = {
    status: () => this.#answer(() => (this.looks++, statusNow())),
    nodes: () => this.#answer(() => ({ api: 1 as const, nodes: rows() })),
    log: () => this.#answer(() => ({ api: 1 as const, entries: logOf('web/site') })),
    record: () =>
      this.#answer(() => ({
        api: 1 as const,
        id: 'tip',
        type: 'charter',
        body: { grants: [{ key: fleet.row(0).key, verbs: ['publish'], policies: ['*'] }] },
        signers: [],
        counts: true,
        code: null,
        reason: '',
        envelope: '',
      })),
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

  #answer<T>(make: () => T): Promise<T> {
    return this.up ? Promise.resolve(make()) : Promise.reject(new Error('No daemon runs in /s.'))
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
    const source = new DaemonSource({ client: daemon.client, act: () => Promise.resolve(''), now: Date.now })
    return { daemon, source }
  }

  it('derives sums, pages and rights', async () => {
    const { source } = open()
    await source.start()
    expect(await source.summary()).toMatchObject({ meshName: 'harbour', nodes: 12, rights: ['publish on *'] })
    const page = await source.page({
      sort: 'name',
      descending: false,
      filter: '',
      problemsOnly: false,
      offset: 0,
      limit: 5,
    })
    expect([page.rows.length, page.total]).toEqual([5, 12])
    expect(source.actions().find(({ name }) => name === 'publish')?.disabled).toBeNull()
    expect((await source.node(fleet.row(0).id))?.policies).toEqual([])
    expect((await source.node(fleet.row(2).id))?.policies).toBeNull()
    expect(await source.node('nobody')).toBeUndefined()
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
    expect(await source.groups(['zone'])).not.toEqual([])
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
    expect((await source.events(0)).map(({ message }) => message)).toEqual(['after the return'])
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
