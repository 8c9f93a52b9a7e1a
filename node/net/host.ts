import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import { identify } from '@libp2p/identify'
import type { ConnectionEncrypter, Libp2p, PrivateKey } from '@libp2p/interface'
import { ping } from '@libp2p/ping'
import type { Ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import type { NoiseComponents } from '@libp2p/noise'
import { createLibp2p } from 'libp2p'
import type { Libp2pOptions } from 'libp2p'
import type { Counters } from './counters.ts'
import { gossipService } from './gossip.ts'
import type { NetLimits, NetworkOptions } from './types.ts'
import { thriftyYamux } from './windows.ts'

type Services = NonNullable<Libp2pOptions['services']>
type Encrypter = (components: NoiseComponents) => ConnectionEncrypter

/** Makes the libp2p node, not started. What is switched off is not imported: it would cost memory in every daemon. */
export async function makeHost(
  options: NetworkOptions,
  limits: NetLimits,
  encrypter: Encrypter,
  counters: Counters,
): Promise<Libp2p> {
  const privateKey: PrivateKey = await generateKeyPairFromSeed('Ed25519', options.seed)
  const services: Services = { identify: identify({ runOnLimitedConnection: true }), ping: ping() }
  if (options.gossip) services.pubsub = gossipService(options.mesh, limits, counters)
  if (options.dht) services.dht = await dhtService(options.mesh)
  const transports: NonNullable<Libp2pOptions['transports']> = [tcp({ backlog: 512 })]
  if (options.relay) await addRelay(services, transports)
  const peerDiscovery: NonNullable<Libp2pOptions['peerDiscovery']> = []
  if (options.mdns) {
    const { mdns } = await import('@libp2p/mdns')
    // Members of other meshes on the same network stay out of sight.
    peerDiscovery.push(mdns({ serviceTag: `_chorus-${options.mesh.slice(-8)}._udp.local`, interval: 60_000 }))
  }

  return await createLibp2p({
    start: false,
    privateKey,
    ...(options.datastore ? { datastore: options.datastore } : {}),
    nodeInfo: { name: 'chorus', version: '1' },
    addresses: { listen: [...options.listen], announce: [...options.announce] },
    transports,
    connectionEncrypters: [encrypter],
    streamMuxers: [
      thriftyYamux({
        maxInboundStreams: limits.streamsPerPeer,
        maxOutboundStreams: limits.streamsPerPeer,
        streamOptions: {
          maxStreamWindowSize: limits.streamWindowBytes,
          // A paused stream may still receive one whole window.
          maxReadBufferLength: 2 * limits.streamWindowBytes,
          maxWriteBufferLength: limits.syncQueueBytes,
        },
      }),
    ],
    connectionManager: {
      maxConnections: limits.connectionsMax,
      inboundConnectionThreshold: limits.inboundPerSecond,
      maxIncomingPendingConnections: limits.inboundPendingMax,
      maxParallelDials: limits.dialsParallel,
      dialTimeout: limits.dialMs,
      addressDialTimeout: limits.dialMs,
      inboundUpgradeTimeout: limits.dialMs,
      // The tender redials, for ever; libp2p would stop after a few tries.
      reconnectRetries: 0,
    },
    connectionMonitor: { pingInterval: limits.pingMs },
    // Loopback and private addresses are where a mesh lives.
    connectionGater: { denyDialMultiaddr: () => false },
    peerDiscovery,
    services,
  })
}

async function dhtService(mesh: string): Promise<Services[string]> {
  const { kadDHT, passthroughMapper } = await import('@libp2p/kad-dht')
  const service = kadDHT({
    protocol: `/chorus/1/${mesh}/kad`,
    // A private mesh: every member serves, and private addresses are good addresses.
    clientMode: false,
    peerInfoMapper: passthroughMapper,
    allowQueryWithZeroPeers: true,
    // Small: it is the last resort for addresses and providers, and idle meshes should stay idle.
    kBucketSize: 8,
    querySelfInterval: 30 * 60_000,
    initialQuerySelfInterval: 60_000,
    networkDialTimeout: { minTimeout: 5_000 },
    reprovide: { interval: 12 * 3_600_000, concurrency: 2, maxQueueSize: 1_024 },
  })
  // It wants the ping service beside libp2p's own components; `makeHost` always has it.
  return (components) => service(components as typeof components & { ping: Ping })
}

async function addRelay(services: Services, transports: NonNullable<Libp2pOptions['transports']>): Promise<void> {
  const [{ circuitRelayServer, circuitRelayTransport }, { dcutr }, { autoNATv2 }] = await Promise.all([
    import('@libp2p/circuit-relay-v2'),
    import('@libp2p/dcutr'),
    import('@libp2p/autonat-v2'),
  ])
  transports.push(circuitRelayTransport())
  // Members only come this far, and a bundle does not fit into the default of 128 KiB and 2 minutes.
  services.relay = circuitRelayServer({
    reservations: { defaultDataLimit: BigInt(2 ** 30), defaultDurationLimit: 3_600_000, maxReservations: 64 },
  })
  services.dcutr = dcutr()
  services.autoNAT = autoNATv2()
}
