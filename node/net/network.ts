import type { Connection, Libp2p, PeerId } from '@libp2p/interface'
import type { GossipSub } from '@libp2p/gossipsub'
import { multiaddr } from '@multiformats/multiaddr'
import { createSigner } from '../crypto.ts'
import type { Key } from '../core/index.ts'
import { messageOf, NodeError } from '../errors.ts'
import { whyNotListening } from './listen-why.ts'
import { NET_LIMITS } from '../limits.ts'
import { Admissions } from './admission.ts'
import { Counters } from './counters.ts'
import { dial } from './dial.ts'
import { Gossip } from './gossip.ts'
import { watchGossip } from './gossip-watch.ts'
import { makeHost } from './host.ts'
import { Links } from './links.ts'
import { isLoopback } from './neighbours.ts'
import { keyOf, peerOf } from './peer-keys.ts'
import { findProviders, provide } from './providers.ts'
import { protocols } from './protocols.ts'
import { isReachable } from './reach.ts'
import { Tender } from './tender.ts'
import type { NetEvent, Network, NetworkHandlers, NetworkOptions, PeerInfo } from './types.ts'

/**
 * Puts a node's network together; nothing runs before `start`.
 * @throws NodeError E_ADDRESS if an address is none
 */
export async function createNetwork(options: NetworkOptions, handlers: NetworkHandlers): Promise<Network> {
  const limits = { ...NET_LIMITS, ...options.limits }
  const self = createSigner(options.seed).key
  const counters = new Counters()
  const admissions = new Admissions(handlers, limits, counters)
  const node = await makeNode()
  const links = new Links(node, self, limits, counters, {
    peerUp: (peer) => handlers.peerUp(peer),
    peerDown: (peer) => handlers.peerDown(peer),
    syncFrame: (peer, bytes) => handlers.syncFrame(peer, bytes),
    writable: (peer) => handlers.writable(peer),
    hangup: (peer, why, code) => {
      tell('protocol', 'info', `Hung up on ${peer.slice(0, 8)} (${code}): ${why}.`, { peer, code })
      closeAll(peer, why)
    },
  })
  const gossip = options.gossip
    ? // The service that makeHost made under this name.
      new Gossip(node.services.pubsub as GossipSub, options.mesh, limits, counters, (from, bytes, ref) =>
        handlers.record(from, bytes, ref),
      )
    : undefined
  const streams = protocols(node, limits, counters)
  const tender = new Tender(self, options.bootstrap, options.book, limits, {
    connected: () => connectedKeys(node),
    dial: async (key, addrs, signal) => {
      counters.dials += 1
      return await dial(node, key, addrs, signal)
    },
    release: (peer) => closeAll(peer, 'enough neighbours'),
    failed: (addrs, error) => {
      counters.dialsFailed += 1
      const refused = error.code === 'E_REFUSED'
      tell(refused ? 'refused' : 'dialFailed', refused ? 'warn' : 'debug', error.message, {
        addrs,
        code: error.code,
        ...error.fields,
      })
    },
  })
  const since = new WeakMap<Connection, number>()
  let stopWatching = (): void => undefined

  async function makeNode(): Promise<Libp2p> {
    try {
      for (const addr of [...options.listen, ...options.announce, ...options.bootstrap]) multiaddr(addr)
      return await makeHost(options, limits, admissions.encrypter(), counters)
    } catch (error) {
      throw new NodeError('E_ADDRESS', `The network cannot be set up: ${messageOf(error)}`, {}, error)
    }
  }

  function tell(kind: NetEvent['kind'], level: NetEvent['level'], message: string, fields: NetEvent['fields']): void {
    handlers.event({ kind, level, message, fields })
  }

  function closeAll(peer: Key, why: string): void {
    for (const connection of node.getConnections(peerOf(peer))) connection.abort(new Error(why))
  }

  /** A mesh on one machine: only then are loopback addresses that others tell of any use. */
  function livesOnLoopback(): boolean {
    const own = node.getMultiaddrs().map(String)
    if (own.length > 0) return own.every(isLoopback)
    return node.getConnections().some(({ remoteAddr }) => isLoopback(remoteAddr.toString()))
  }

  node.addEventListener('connection:open', ({ detail }) => since.set(detail, Date.now()))
  node.addEventListener('peer:connect', ({ detail }) => tender.connected(keyOf(detail)))
  node.addEventListener('peer:disconnect', ({ detail }) => tender.disconnected(keyOf(detail)))
  node.addEventListener('peer:identify', ({ detail }) => {
    const addrs = detail.listenAddrs.map((addr) => addr.toString())
    tender.learn(keyOf(detail.peerId), addrs, {
      local: isLoopback(detail.connection.remoteAddr.toString()),
      keep: true,
    })
  })
  node.addEventListener('peer:discovery', ({ detail }) => {
    const key = quietKey(detail.id)
    const addrs = detail.multiaddrs.map((addr) => addr.toString())
    if (key !== undefined) tender.learn(key, addrs, { local: true })
  })

  return {
    async start() {
      await links.start()
      try {
        await node.start()
      } catch (error) {
        throw new NodeError(
          'E_ADDRESS',
          `Cannot listen on ${options.listen.join(', ')}: ${whyNotListening(error)}.`,
          { listen: options.listen },
          error,
        )
      }
      gossip?.start()
      if (gossip) {
        stopWatching = watchGossip(node, gossip, limits, (peer) => {
          tell('gossipMute', 'warn', `Gossip with ${peer.slice(0, 8)} went mute: hanging up and dialling again.`, {
            peer,
          })
          tender.learn(peer, [], { local: true, urgent: true })
          closeAll(peer, 'gossip went mute')
        })
      }
      tender.start()
      tell('listening', 'info', `Listening on ${node.getMultiaddrs().join(', ') || 'nothing (outbound only)'}.`, {
        addrs: node.getMultiaddrs().map(String),
      })
    },

    async stop() {
      tender.stop()
      stopWatching()
      gossip?.stop()
      links.stop()
      await node.stop()
    },

    admitSend: (conn, bytes) => admissions.send(conn, bytes),
    admitResult: (conn, ok, code, reason) => admissions.result(conn, ok, code, reason),
    verdict: (ref, verdict) => gossip?.verdict(ref, verdict),
    publish: (bytes) => gossip?.publish(bytes),
    sendSync: (peer, bytes) => links.send(peer, bytes),

    dial: (peer, addrs) => tender.learn(peer, addrs, { local: true, urgent: true, keep: true }),
    learn: (peer, addrs) => tender.learn(peer, addrs, { local: livesOnLoopback(), keep: true }),
    dialNow: async (addr, signal) => await dial(node, null, [addr], signal ?? AbortSignal.timeout(limits.dialMs)),
    hangup(peer, code) {
      tell('hungUp', 'info', `Hung up on ${peer.slice(0, 8)} (${code}).`, { peer, code })
      tender.ban(peer)
      closeAll(peer, code)
    },
    probe: async (peer) => await isReachable(tender.addressesOf(peer), limits.probeMs),
    forget: (peer) => tender.forget(peer),

    peers() {
      const mesh = new Set(gossip?.meshPeers())
      const infos = new Map<Key, PeerInfo>()
      for (const connection of node.getConnections()) {
        const key = keyOf(connection.remotePeer)
        infos.set(key, {
          key,
          addr: connection.remoteAddr.toString(),
          direction: connection.direction,
          up: links.isUp(key),
          gossip: mesh.has(key),
          rttMs: connection.rtt ?? null,
          sinceMs: since.get(connection) ?? Date.now(),
        })
      }
      return [...infos.values()]
    },
    meshPeers: () => gossip?.meshPeers() ?? [],
    addresses: () => node.getMultiaddrs().map(String),
    traffic: () => ({
      wireIn: counters.wireIn,
      wireOut: counters.wireOut,
      syncIn: counters.syncIn,
      syncOut: counters.syncOut,
      blobIn: counters.blobIn,
      blobOut: counters.blobOut,
      gossipIn: counters.gossipIn,
      gossipMessages: counters.gossipMessages,
      gossipDuplicates: counters.gossipMessages - counters.gossipFirst,
      connections: node.getConnections().length,
      dials: counters.dials,
      dialsFailed: counters.dialsFailed,
    }),

    open: streams.open,
    serve: streams.serve,
    provide: async (cid) => {
      if (options.dht) await provide(node, cid)
    },
    findProviders: async (cid, signal) => (options.dht ? await findProviders(node, cid, signal) : []),
  }
}

function connectedKeys(node: Libp2p): ReadonlySet<Key> {
  return new Set(node.getPeers().map((peer) => keyOf(peer)))
}

/** Discovery hears of anybody on the network, whatever their keys are. */
function quietKey(peer: PeerId): Key | undefined {
  return peer.type === 'Ed25519' ? keyOf(peer) : undefined
}
