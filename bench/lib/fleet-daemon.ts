import type * as ServerModule from '../../node/control/server.ts'
import type { Backend } from '../../node/control/backend.ts'
import type { ControlEvent } from '../../node/control/index.ts'
import type * as ControlModule from '../../node/control/index.ts'
import type * as FleetModule from '../../cli-tui/top/testing/fleet-source.ts'

/**
 * A daemon that knows a fleet of many nodes and nothing else: the control API over a fleet in memory, in a process of its own, so that what
 * the terminal UI costs is measured alone. `node bench/lib/fleet-daemon.ts DIR NODES`; each message makes one percent of the nodes change.
 */
const shipped = (path: string): Promise<unknown> => import(new URL(`../../dist/${path}`, import.meta.url).href)
const { serveControl } = (await shipped('node/control/server.js')) as typeof ServerModule
const { groupsOf } = (await shipped('node/control/index.js')) as typeof ControlModule
const { FleetSource } = (await shipped('cli-tui/top/testing/fleet-source.js')) as typeof FleetModule

const [dir = '', nodes = '1000'] = process.argv.slice(2)
const source = new FleetSource(Number(nodes))
const listeners = new Set<(event: ControlEvent) => void>()

const answers: Partial<Backend> = {
  summary: () => source.summary(),
  groups: (by) => ({ groups: groupsOf(source.fleet, by) }),
  page: (query) => source.page(query),
  policies: async () => ({ policies: await source.policies() }),
  receipt: (id) => source.receipt(id),
  history: () => ({ events: [] }),
  log: () => ({ api: 1, entries: [] }),
  subscribe(listener) {
    listeners.add(listener)
    return () => listeners.delete(listener)
  },
}

let turn = 0
process.on('message', () => {
  source.fleet.change(100, turn++ % 2 === 0 ? 'behind' : 'ok')
  const event: ControlEvent = { at: Date.now(), kind: 'node', level: 'debug', message: 'changed', fields: {} }
  for (const listener of listeners) listener(event)
})

// A stand-in: what a screen never asks is not there.
await serveControl({ stateDir: dir, backend: answers as Backend, onError: (error) => console.error(error) })
// The first page sorts; nobody waits for that when the screen is open already.
await source.page({ sort: 'state', descending: false, filter: '', problemsOnly: false, offset: 0, limit: 1 })
process.send?.('up')
