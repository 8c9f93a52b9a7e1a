import { join } from 'node:path'
import type { NodeContext } from '../../policies/index.ts'
import { createBlobService } from '../blobs/index.ts'
import type { BlobService } from '../blobs/types.ts'
import type { NodeWorld } from '../control/views/world.ts'
import { identityOf } from '../control/views/world.ts'
import type { Input } from '../core/index.ts'
import { peerIdOf } from '../core/index.ts'
import { ageIdentity } from '../join/secrets.ts'
import { openHost } from '../host/host.ts'
import { createNetwork } from '../net/index.ts'
import type { Network } from '../net/types.ts'
import { agentVersion } from '../installed.ts'
import { actionsOn } from './actions.ts'
import { Asking } from './asking.ts'
import { Bundles } from './bundles.ts'
import type { EventBus } from './bus.ts'
import { Converger } from './converger.ts'
import type { RunReport } from './converger.ts'
import { tellRun } from './tell-run.ts'
import { Driver } from './driver.ts'
import { PeerConfirmation } from './confirm.ts'
import { createEngine } from './engine.ts'
import { readFacts } from './facts.ts'
import { GroupCommit } from './group-commit.ts'
import { blobHandlers, networkHandlers } from './inbound.ts'
import { NodeSecrets } from './secrets.ts'
import { DAEMON_LIMITS } from './limits.ts'
import { RunMarks } from './health-marks.ts'
import { RunMemory } from './memory.ts'
import type { Opened } from './open.ts'
import { RunList } from './receipts.ts'
import { createScreens } from './screens.ts'
import type { Screens } from './screens.ts'
import { ProcessSupervisor } from './supervise.ts'
import { DriftWatch } from './watch.ts'

export interface NodeParts {
  readonly world: () => NodeWorld
  readonly asking: Asking
  readonly net: Network
  readonly blobs: BlobService
  readonly converger: Converger
  readonly lastRun: () => RunReport | null
  readonly screens: Screens
  readonly feed: (input: Input) => void
  /** The bundle is here; the engine is told if its policy can be read. */
  readonly stored: (cid: string, size: number) => Promise<void>
  start(): Promise<void>
  stop(): Promise<void>
}

export interface NodeOptions {
  readonly opened: Opened
  readonly observe: boolean
  readonly bus: EventBus
  readonly fatal: (error: Error) => void
}

/** Puts one node together: engine, disk, network, bundles and host around one driver. Nothing runs before `start`. */
export async function assembleNode({ opened, observe, bus, fatal }: NodeOptions): Promise<NodeParts> {
  const { folder, config, store, blocks } = opened
  const facts = readFacts()
  const { engine, instance } = createEngine(opened, facts)
  const startedAt = Date.now()
  let run: RunReport | null = null
  const runs = new RunList()

  // The driver feeds itself through these: they are only called once it is there.
  const feed = (input: Input): void => driver.feed(input)
  const asking = new Asking(feed)
  const commit = new GroupCommit(store, feed, fatal)
  const net: Network = await createNetwork(
    {
      seed: folder.seed,
      mesh: opened.mesh.mesh,
      listen: config.listen,
      announce: config.announce,
      bootstrap: config.bootstrap,
      gossip: config.gossip,
      mdns: config.mdns,
      dht: config.dht,
      relay: config.relay,
      book: store.book,
      datastore: store.datastore,
      ...(config.neighbours === undefined
        ? {}
        : { limits: { neighboursLow: config.neighbours, neighboursHigh: config.neighbours * 2 } }),
    },
    networkHandlers({ feed, net: () => net, event: (event) => bus.emit(event) }),
  )
  const checked = async (cid: string): Promise<string | null> => await bundles.check(cid)
  const handlers = blobHandlers(feed, checked, (cid, size) =>
    bus.emit({
      kind: 'bundleStored',
      level: 'debug',
      message: `The bundle ${cid} is held whole.`,
      fields: { cid, size },
    }),
  )
  const blobs = createBlobService({ net, blocks, handlers })
  const bundles = new Bundles(blobs)
  const watch = new DriftWatch((resources) => {
    const message = `Changed by someone else: ${resources.slice(0, 5).join(', ')}.`
    bus.emit({ kind: 'drift', level: 'warn', message, fields: { resources } })
    feed({ type: 'drifted', resources })
  }, tellFlap)
  const processes = new ProcessSupervisor(join(folder.dir, 'processes'))
  const converger = new Converger({
    bundles,
    secrets: new NodeSecrets({ mesh: opened.mesh.mesh, blobs, identity: async () => await ageIdentity(folder.dir) }),
    host: openHost({ backupDir: folder.paths.backup, processes }),
    memory: new RunMemory(store.meta, folder.dir),
    watch,
    feed,
    context,
    handsOff: () => (observe ? 'observe' : null),
    marks: new RunMarks(store.meta),
    confirmation: new PeerConfirmation({
      peers: () => net.peers(),
      probe: async (peer) => await net.probe(peer),
      heard: () => net.traffic().wireIn,
    }),
    tell: (level, message, resources) => bus.emit({ kind: 'confirm', level, message, fields: { resources } }),
    onRun(report) {
      run = report
      runs.add(report, Date.now())
      tellRun(bus, report)
    },
  })
  const driver = new Driver(
    engine,
    actionsOn({
      net,
      blobs,
      commit,
      waiting: asking,
      feed,
      apply: (effect) => converger.apply(effect),
      event: (event) => bus.emit(event),
      keep: (cids) => blobs.keep(cids),
    }),
  )

  function tellFlap(resources: readonly string[]): void {
    const minutes = DAEMON_LIMITS.flapWindowMs / 60_000
    const message = `Changed back again and again, not watched for ${minutes} minutes: ${resources.slice(0, 5).join(', ')}.`
    bus.emit({ kind: 'flapping', level: 'warn', message, fields: { resources } })
  }

  function context(): NodeContext {
    const { name, labels } = identityOf(world())
    return { labels, facts, node: { name, id: peerIdOf(folder.key) } }
  }

  function world(): NodeWorld {
    return {
      view: engine.view,
      self: folder.key,
      instance,
      agent: `chorus/${agentVersion()}`,
      observe,
      presence: config.presence,
      startedAt,
      addrs: net.addresses(),
      peers: net.peers(),
      facts,
    }
  }

  const screens = createScreens({ world, net, bus, runs })
  return {
    world,
    asking,
    net,
    blobs,
    converger,
    lastRun: () => run,
    screens,
    feed,
    async stored(cid, size) {
      const code = await checked(cid)
      if (code === null) feed({ type: 'blobStored', cid, size })
      else feed({ type: 'blobFailed', cid, peer: null, code, final: true })
    },
    async start() {
      await net.start()
      await screens.serve()
      await blobs.start()
      feed({ type: 'self', addrs: net.addresses(), facts })
    },
    async stop() {
      screens.stop()
      watch.close()
      await converger.stop()
      await processes.stopAll()
      asking.stop()
      commit.flush()
      driver.stop()
      await blobs.stop()
      await net.stop()
    },
  }
}
