import type { Backend } from '../control/backend.ts'
import { ControlError } from '../control/errors.ts'
import { FleetBoard } from '../control/fleet/board.ts'
import { NodeNews } from '../control/fleet/news.ts'
import { History } from '../control/fleet/history.ts'
import { SpreadTimes } from '../control/fleet/spread.ts'
import { TRAFFIC, TrafficSteps } from '../control/fleet/traffic.ts'
import type { NodeWorld } from '../control/views/world.ts'
import type { Network } from '../net/types.ts'
import type { EventBus } from './bus.ts'
import type { RunList } from './receipts.ts'
import { receiptFor } from './receipts.ts'
import { askReceipt, serveReceipts } from './receipts-net.ts'

/** Between looks for nodes that have fallen silent: nothing else tells of them. In a large mesh a look costs, and so is rarer: 0.5 % of a core. */
const SWEEP_MS = 5_000
const SWEEP_TIMES = 200

export interface ScreensOptions {
  readonly world: () => NodeWorld
  readonly net: Network
  readonly bus: EventBus
  readonly runs: RunList
}

/** Records are durable after milliseconds; a disk that takes longer makes an event late, nothing else. */
const later = (work: () => void): void => void setTimeout(work, 250).unref()

type Answers = Pick<Backend, 'summary' | 'groups' | 'page' | 'policies' | 'node' | 'receipt' | 'history'>

/** What screens are told of the fleet: counted here, and what only shows over time is kept here. */
export interface Screens {
  readonly answers: Answers
  /** Answers other nodes' questions; call it when the network runs. */
  serve(): Promise<void>
  stop(): void
}

export function createScreens({ world, net, bus, runs }: ScreensOptions): Screens {
  const [spread, traffic, history] = [new SpreadTimes(), new TrafficSteps(), new History()]
  const board = new FleetBoard({ world, now: () => Date.now(), spread, traffic })
  const news = new NodeNews({ world, spread, emit: (event) => bus.emit(event), later })
  const known = { world, runs, history }
  const forget = bus.subscribe((event) => {
    history.add(event)
    news.hear(event)
  })
  const sampling = setInterval(() => traffic.sample(net.traffic()), TRAFFIC.stepMs)
  sampling.unref()
  traffic.sample(net.traffic())
  let sweeping: NodeJS.Timeout
  const sweepIn = (ms: number): void => {
    sweeping = setTimeout(() => {
      const from = performance.now()
      news.sweep()
      sweepIn(Math.max(SWEEP_MS, (performance.now() - from) * SWEEP_TIMES))
    }, ms).unref()
  }
  sweepIn(SWEEP_MS)

  return {
    answers: {
      summary: async () => await board.summary(),
      groups: (by) => ({ groups: board.groups(by) }),
      page: async (query) => await board.page(query),
      policies: async () => ({ policies: await board.policies() }),
      node: (id) => board.node(id),
      history: (max) => ({ events: history.last(max) }),
      async receipt(id, signal) {
        const { row } = board.node(id)
        if (!row.self) return await askReceipt(net, row.key, row.addrs, signal)
        const own = receiptFor(known, row.key)
        if (own === null) throw new ControlError('E_INTERNAL', 'A node refused itself.')
        return own
      },
    },
    serve: async () => await serveReceipts(net, (reader) => receiptFor(known, reader)),
    stop() {
      forget()
      clearInterval(sampling)
      clearTimeout(sweeping)
    },
  }
}
