import { evaluateSelector, type Value } from '../../policies/index.ts'
import { DEFAULT_TIMING, grantTo, peerIdOf, type Grant, type Key, type LedgerEnv } from '../../node/core/index.ts'
import { Random } from '../kernel/random.ts'
import { Links, type LinkSettings } from '../network/links.ts'
import { ModelNetwork } from '../network/model-network.ts'
import type { NetworkHost } from '../network/network.ts'
import { SimError } from '../errors.ts'
import { SIM_LIMITS } from '../limits.ts'
import { Blobs } from './blobs.ts'
import { Connections } from './connections.ts'
import { simCrypto } from './crypto.ts'
import { hear, receive } from './drive.ts'
import { makeGenesis } from './genesis.ts'
import { Hosts } from './hosts.ts'
import { Watch } from './invariants.ts'
import { SharedLedgers, SharedReader } from './memo.ts'
import { Minds } from './minds.ts'
import type { Fleet, LinkOptions, WorldOptions } from './options.ts'
import { makeOverlay } from './overlay.ts'
import { Publications } from './publications.ts'
import { EVENT, STATUS, WorldState } from './state.ts'

/** 2027-01-01 00:00 UTC. Any time would do, as long as it is always the same. */
const START_MS = 1_798_761_600_000

/** A mesh at rest: everybody that is on is connected, a member, and in step with everybody else. */
export function makeState(options: WorldOptions): WorldState {
  const { fleet, seed } = options
  checkFleet(fleet)
  const startMs = options.startMs ?? START_MS
  const crypto = simCrypto(options.signatures ?? (fleet.size <= SIM_LIMITS.realSignatureNodes ? 'ed25519' : 'model'))
  const reader = new SharedReader(crypto)
  const ledgers = new SharedLedgers(startMs, (a, b) => {
    state.watch.violate('differentLedger', 0, `Two ledgers of ${a.size} and ${b.size} equal records differ.`)
  })
  const selects = selectsOf(fleet, () => genesis.keys)
  const grants = (keyOf: (holder: number | string) => Key): Grant[] =>
    (options.grants ?? []).map(({ holder, grant }) =>
      grantTo(keyOf(holder), { name: typeof holder === 'number' ? fleet.at(holder).name : holder, ...grant }),
    )
  const genesis = makeGenesis({
    seed,
    fleet,
    crypto,
    reader,
    startMs,
    selects,
    grants,
    goOn: goOnUnless(options.stopped),
  })
  const beacons = options.beacons === 'on' || (options.beacons !== 'off' && fleet.size <= SIM_LIMITS.beaconNodes)
  const minds = new Minds(
    {
      seed,
      crypto,
      reader,
      ledgers,
      env: (mesh) => ({ mesh, selects }),
      settings: {
        beacons,
        mirror: options.mirror ?? true,
        timing: { ...DEFAULT_TIMING, ...options.timing, ...beaconTiming(options, beacons) },
      },
    },
    genesis,
  )
  const links = makeLinks(options)
  const state = new WorldState({
    options,
    startMs,
    crypto,
    reader,
    ledgers,
    genesis,
    minds,
    links,
    random: new Random(seed, 'world'),
    beacons,
    indexOf: new Map(genesis.keys.map((key, node) => [key, node])),
  })
  for (let node = 0; node < fleet.size; node++) {
    const { absent, asleep } = fleet.at(node)
    state.status[node] = absent === true ? STATUS.absent : asleep === true ? STATUS.asleep : STATUS.up
  }
  const graph = makeOverlay(options.overlay ?? { kind: 'random' }, fleet, seed)
  state.watch = new Watch(state)
  state.publications = new Publications(state)
  state.hosts = new Hosts(state)
  state.blobs = new Blobs(state)
  state.connections = new Connections(state, graph)
  const host = hostOf(state)
  const messageId = (bytes: Uint8Array): string => state.reader.read(bytes).envelopeHash
  state.network =
    options.network?.(host, { seed, graph, links, messageId }) ?? new ModelNetwork(host, graph, links, seed)
  state.connections.beginAtRest()
  // A larger fleet's engines are made when something first reaches them: none of them has anything to say before.
  if (beacons || fleet.size <= SIM_LIMITS.eagerNodes) startAll(state)
  return state
}

function goOnUnless(stopped: (() => boolean) | undefined): (node: number) => void {
  return (node) => {
    if (node % SIM_LIMITS.stopLookNodes !== 0 || stopped?.() !== true) return
    throw new SimError('E_SIM_STOPPED', 'The world was stopped while its nodes were made: nothing has happened in it.')
  }
}

function startAll(state: WorldState): void {
  for (let node = 0; node < state.size; node++) {
    if (!state.isUp(node)) continue
    state.armedUs[node] = 0
    state.queue.add(0, EVENT.wake, node, 0)
  }
}

function checkFleet({ size }: Fleet): void {
  if (Number.isInteger(size) && size >= 1 && size <= SIM_LIMITS.nodes) return
  throw new SimError('E_SIM_FLEET', `A fleet has 1 to ${SIM_LIMITS.nodes} nodes, not ${size}.`)
}

/** Nobody can be stale who never hears from anybody by design. */
function beaconTiming({ beaconMs }: WorldOptions, beacons: boolean) {
  return { ...(beaconMs === undefined ? {} : { beaconMs }), ...(beacons ? {} : { staleQuorum: 0 }) }
}

/** Facts are asked for by name: the same ledger serves all nodes. */
function selectsOf(fleet: Fleet, keys: () => readonly Key[]): LedgerEnv['selects'] {
  let byName: Map<string, number> | null = null
  const none = { facts: {}, id: '' }
  return (selector, { labels, name }) => {
    let about: { readonly facts: Readonly<Record<string, Value>>; readonly id: string } = none
    if (selector.includes('facts') || selector.includes('node')) {
      byName ??= new Map(Array.from({ length: fleet.size }, (_, node) => [fleet.at(node).name, node]))
      const node = byName.get(name)
      if (node !== undefined) about = { facts: fleet.at(node).facts, id: peerIdOf(keys()[node] ?? '') }
    }
    return evaluateSelector(selector, { labels, facts: about.facts, node: { name, id: about.id } }).selected
  }
}

/** 20 ms within a region, 80 ms between two, with a calm WAN's jitter: when nothing is said. */
const NEAR_MS = 20
const FAR_MS = 80
const JITTER = 0.1
/** A hop of a record through a daemon: 6.7 ms on a line of six (docs/fidelity.md), less some 1.5 ms of the proxies' timers. */
const NODE_MS = 5

export function linkSettings(options: Partial<LinkOptions>, regions: number): LinkSettings {
  const each = (value: number | readonly number[] | undefined): number[] =>
    Array.from({ length: regions }, (_, at) =>
      typeof value === 'number' ? value : (value?.[at] ?? Number.POSITIVE_INFINITY),
    )
  const latency =
    options.latencyMs ??
    Array.from({ length: regions }, (_, from) =>
      Array.from({ length: regions }, (_, to) => (from === to ? NEAR_MS : FAR_MS)),
    )
  return {
    latencyUs: latency.map((row) => row.map((ms) => ms * 1000)),
    ...(options.zoneLatencyMs === undefined ? {} : { zoneLatencyUs: options.zoneLatencyMs * 1000 }),
    nodeUs: (options.nodeMs ?? NODE_MS) * 1000,
    jitter: options.jitter ?? JITTER,
    loss: options.loss ?? 0,
    uplink: each(options.uplink),
    downlink: each(options.downlink),
  }
}

function makeLinks({ fleet, regions = ['default'], links = {}, seed }: WorldOptions): Links {
  const regionOf = new Uint8Array(fleet.size)
  const zones = new Map<string, number>()
  const zoneOf = new Int32Array(fleet.size)
  for (let node = 0; node < fleet.size; node++) {
    const { region, zone = '', name } = fleet.at(node)
    if (region < 0 || region >= regions.length)
      throw new SimError('E_SIM_FLEET', `${name} is in region ${region}, and there are ${regions.length}.`)
    regionOf[node] = region
    if (zone === '') continue
    const whole = `${region} ${zone}`
    const number = zones.get(whole) ?? zones.size + 1
    zones.set(whole, number)
    zoneOf[node] = number
  }
  return new Links(linkSettings(links, regions.length), regionOf, new Random(seed, 'links'), zoneOf)
}

function hostOf(state: WorldState): NetworkHost {
  return {
    get nowUs() {
      return state.queue.time
    },
    nodes: state.size,
    schedule: (atUs, kind, a, b, payload) => state.queue.add(atUs, kind, a, b, payload),
    connected: (a, b) => state.connected(a, b),
    hear: (node, from, bytes) => hear(state, node, from, bytes),
    receive: (node, from, parcel) => receive(state, node, from, parcel),
    keepsUs(node, bytes) {
      const relay = state.misbehaving.size === 0 ? undefined : state.misbehaving.get(node)?.relay
      const how = relay?.(bytes) ?? 'pass'
      if (how === 'pass') return 0
      return how === 'drop' ? Number.POSITIVE_INFINITY : how * 1000
    },
  }
}
