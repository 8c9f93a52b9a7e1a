import type { ControlEvent } from '../control/index.ts'
import { serveControl } from '../control/server.ts'
import type { ControlServer } from '../control/server.ts'
import { statusView } from '../control/views/status.ts'
import { identityOf } from '../control/views/world.ts'
import { peerIdOf } from '../core/index.ts'
import { messageOf } from '../errors.ts'
import { membership, saveMembership } from '../join/membership.ts'
import { agentVersion } from '../installed.ts'
import { createBackend } from './backend.ts'
import { EventBus } from './bus.ts'
import { createLog, logEvent } from './log.ts'
import { renderMetrics } from './metrics.ts'
import type { serveMetrics } from './metrics-http.ts'
import { assembleNode } from './node.ts'
import type { NodeParts } from './node.ts'
import { openNode } from './open.ts'
import type { Opened } from './open.ts'
import type { Daemon, DaemonOptions } from './types.ts'

/**
 * Runs a node: see `startDaemon` in node/index.ts.
 * @throws NodeError E_STATE, E_LOCKED, E_CLONED, E_CONFIG, E_ADDRESS, E_STATE_NEWER, E_NO_SPACE, E_STORE_IO
 */
export async function start(options: DaemonOptions): Promise<Daemon> {
  const opened = await openNode(options)
  const bus = new EventBus()
  const log = createLog(options.log, peerIdOf(opened.folder.key).slice(8, 16))
  const counts = new Map<string, number>()
  bus.subscribe((event) => {
    counts.set(event.kind, (counts.get(event.kind) ?? 0) + 1)
    logEvent(log, event)
  })
  let node: NodeParts | undefined
  let control: ControlServer | undefined
  let scraped: Awaited<ReturnType<typeof serveMetrics>> | undefined
  const ended = Promise.withResolvers<Error | null>()
  let stopping: Promise<void> | undefined

  async function stop(failure: Error | null): Promise<void> {
    stopping ??= (async () => {
      const level = failure === null ? 'info' : 'error'
      bus.emit({ kind: 'stopping', level, message: failure?.message ?? 'Stopping.', fields: {} })
      await settle('control', control?.close())
      scraped?.close()
      await settle('node', node?.stop())
      opened.close()
      ended.resolve(failure)
    })()
    await stopping
  }

  /** What cannot be closed any more does not keep the rest from closing. */
  async function settle(what: string, closing: Promise<void> | undefined): Promise<void> {
    try {
      await closing
    } catch (error) {
      log.warn({ kind: 'stopping', part: what }, messageOf(error))
    }
  }

  try {
    node = await assembleNode({
      opened,
      observe: options.observe === true,
      bus,
      // What is on the disk is right, what is in memory may not be: end at once, and start again from there.
      fatal: (error) => void stop(error),
    })
    await node.start()
    const { world, net, blobs } = node
    const metrics = async (): ReturnType<typeof renderMetrics> =>
      await renderMetrics({
        status: statusView(world()),
        traffic: net.traffic(),
        blobs: blobs.stats(),
        events: counts,
        storeBytes: opened.store.size(),
        blockBytes: opened.blocks.used(),
      })
    const backend = createBackend({ ...node, metrics, subscribe: (listener) => bus.subscribe(listener) })
    control = await serveControl({
      stateDir: options.stateDir,
      backend,
      onError: (error, route) => log.error({ kind: 'control', route, err: error }, `A request failed: ${route}`),
    })
    if (options.metrics !== undefined) {
      const { serveMetrics: serve } = await import('./metrics-http.ts')
      scraped = await serve(options.metrics, metrics)
    }
  } catch (error) {
    await stop(error instanceof Error ? error : new Error(String(error)))
    throw error
  }
  const { world, net } = node
  bus.subscribe(rememberName(opened, world))
  options.signal?.addEventListener('abort', () => void stop(null), { once: true })
  if (options.signal?.aborted === true) void stop(null)
  const { ledger } = world().view
  const name = identityOf(world()).name
  bus.emit({
    kind: 'up',
    level: 'info',
    message: `chorus ${agentVersion()}: ${name} is up${options.observe === true ? ', observing only' : ''}.`,
    fields: { mesh: ledger.env.mesh, records: ledger.size, addrs: net.addresses() },
  })
  return {
    node: { name, key: opened.folder.key, id: peerIdOf(opened.folder.key) },
    mesh: { name: ledger.charters.current?.body.name ?? opened.mesh.name, id: opened.mesh.mesh },
    addresses: net.addresses(),
    metrics: scraped?.address ?? null,
    ended: ended.promise,
    stop: async () => await stop(null),
  }
}

/** A node that joined learns the mesh's name with the first charter: kept for messages while its daemon is off. */
function rememberName(opened: Opened, world: NodeParts['world']): (event: ControlEvent) => void {
  let known = opened.mesh.name
  return () => {
    const name = world().view.ledger.charters.current?.body.name
    if (name === undefined || name === known) return
    known = name
    const stored = membership(opened.store)
    if (stored) saveMembership(opened.store, { ...stored, name })
  }
}
