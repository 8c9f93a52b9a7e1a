import {
  buildVersion,
  decodeEnvelope,
  encodeBody,
  encodeEnvelope,
  isVersion,
  seal,
  type Hasher,
} from '../../node/core/index.ts'
import type { Random } from '../kernel/random.ts'
import type { Behaviour } from '../scenario/events.ts'
import type { Misbehaviour, World } from '../world/types.ts'

/** What a malicious member needs: the run it is in, and who it is. */
export interface Malice {
  readonly world: World
  readonly node: number
  readonly random: Random
  readonly hasher: Hasher
  /** For `delay`. Milliseconds. */
  readonly delayMs: number
}

/** How often a member that sends on its own does so, and how much at once: what one neighbour can judge in that time. */
const REPEAT_MS = 1_000
const FLOOD_COPIES = 20
/** How much later than the junk the right envelope is passed on. Milliseconds. */
const AHEAD_MS = 50
/** Envelopes that it keeps to send again, and how many of them may be beacons: those come all the time. */
const KEPT = 32
const KEPT_BEACONS = 8

/** Makes a node behave badly from now on. @returns what ends it */
export function turnBad(behaviour: Behaviour, malice: Malice): () => void {
  const { world, node } = malice
  const heard: Uint8Array[] = []
  let beacons = 0
  const keep = (bytes: Uint8Array): void => {
    const isBeacon = decodeEnvelope(bytes, malice.hasher).body.type === 'live/beacon'
    if (heard.length >= KEPT || (isBeacon && beacons++ >= KEPT_BEACONS)) return
    heard.push(bytes)
  }
  const listen: Misbehaviour = {
    relay: (bytes) => {
      keep(bytes)
      if (behaviour !== 'junk-signatures') return behaviour === 'equivocate' ? 'drop' : 'pass'
      // The junk is there first: whoever remembers it by its body refuses the right one.
      toAll(malice, withJunkSignature(malice, bytes))
      return AHEAD_MS
    },
  }
  const how = HOW[behaviour]
  let active = true
  world.misbehave(node, how === undefined ? listen : how(malice))
  const send = SENDS[behaviour]
  if (send !== undefined) {
    const again = (): void => {
      if (!active) return
      if (world.isUp(node)) send(malice, heard)
      world.at(world.nowMs + REPEAT_MS, again)
    }
    world.at(world.nowMs, again)
  }
  return () => {
    active = false
    world.misbehave(node, undefined)
  }
}

const HOW: Readonly<Partial<Record<Behaviour, (malice: Malice) => Misbehaviour>>> = {
  drop: () => BLACK_HOLE,
  // Of the neighbours of an eclipsed node each shows it nothing: the driver chooses them.
  eclipse: () => BLACK_HOLE,
  delay: ({ delayMs }) => ({ relay: () => delayMs, frame: () => delayMs }),
  'lie-about-blobs': () => ({ blob: () => 'junk' }),
}

/** Connected, admitted, silent. */
const BLACK_HOLE: Misbehaviour = { relay: () => 'drop', frame: () => 'drop', blob: () => 'silent' }

const SENDS: Readonly<Partial<Record<Behaviour, (malice: Malice, heard: Uint8Array[]) => void>>> = {
  replay: (malice, heard) => {
    for (const bytes of heard) toAll(malice, bytes)
  },
  flood: (malice, heard) => {
    for (let i = 0; i < FLOOD_COPIES; i++) toAll(malice, noise(malice, heard))
  },
  forge: (malice, heard) => {
    for (const bytes of heard) toAll(malice, forged(malice, bytes))
  },
  'junk-signatures': (malice, heard) => {
    for (const bytes of heard) toAll(malice, withJunkSignature(malice, bytes))
  },
  equivocate: (malice, heard) => {
    for (const bytes of heard.splice(0)) equivocate(malice, bytes)
  },
}

/**
 * Two versions in the same place of its own feed, each told to every other neighbour. If the roots gave its key the right to
 * publish the policy, both count: a fork by one author; else they are void.
 */
function equivocate({ world, node, hasher }: Malice, bytes: Uint8Array): void {
  const heard = decodeEnvelope(bytes, hasher)
  const signer = world.signerOf(node)
  const ledger = world.engine(node)?.view.ledger
  if (!isVersion(heard) || heard.body.key === signer.key || ledger === undefined) return
  const neighbours = world.inspect(node).neighbours.map((name) => world.nodeOf(name))
  for (const [at, message] of ['one', 'other'].entries()) {
    const { policy, action, selector, bundle, uses, meta, at: time } = heard.body
    const said = { policy, action, selector, bundle, uses, meta: { ...meta, message }, at: time }
    const record = seal(buildVersion(ledger, signer.key, said), [signer], hasher)
    world.vouch(node, record)
    for (const neighbour of neighbours.filter((_, i) => i % 2 === at)) world.inject(node, neighbour, record.bytes)
  }
}

function toAll({ world, node }: Malice, bytes: Uint8Array | undefined): void {
  if (bytes === undefined) return
  for (const name of world.inspect(node).neighbours) world.inject(node, world.nodeOf(name), bytes)
}

function junk(random: Random, length: number): Uint8Array {
  return Uint8Array.from({ length }, () => random.below(256))
}

function noise({ random }: Malice, heard: readonly Uint8Array[]): Uint8Array {
  const [first] = heard
  if (first === undefined || random.chance(0.5)) return junk(random, 200 + random.below(800))
  const bytes = Uint8Array.from(first)
  bytes[random.below(bytes.length)] = random.below(256)
  return bytes
}

/** Another message under the signature of the first: what somebody without the key can make. */
function forged({ random, hasher }: Malice, bytes: Uint8Array): Uint8Array | undefined {
  const { body, sigs } = decodeEnvelope(bytes, hasher)
  if (!('meta' in body)) return undefined
  const changed = { ...body, meta: { ...body.meta, message: `forged ${random.uint32()}` } }
  return encodeEnvelope(encodeBody(changed), sigs)
}

/** The right body under a wrong signature: it must not keep the right one from being taken. */
function withJunkSignature({ random, hasher }: Malice, bytes: Uint8Array): Uint8Array {
  const { bodyBytes, sigs } = decodeEnvelope(bytes, hasher)
  return encodeEnvelope(
    bodyBytes,
    sigs.map(({ key }) => ({ key, sig: junk(random, 64) })),
  )
}
