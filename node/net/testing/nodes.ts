import { randomBytes } from 'node:crypto'
import { createSigner } from '../../crypto.ts'
import type { Key } from '../../core/index.ts'
import { createNetwork } from '../network.ts'
import type {
  AddressBook,
  AdmitRole,
  KnownAddress,
  NetEvent,
  Network,
  NetworkHandlers,
  NetworkOptions,
} from '../types.ts'

/** Real nodes on loopback for tests, with a judge of one line and a memory of what they were told. */

export const MESH = 'bafyreitestmeshtestmeshtestmeshtestmeshtestmeshtestmeshtest'

export interface TestNode {
  readonly key: Key
  readonly seed: Uint8Array
  readonly net: Network
  readonly book: AddressBook
  readonly up: Set<Key>
  readonly frames: { readonly peer: Key; readonly text: string }[]
  readonly records: { readonly from: Key; readonly text: string; readonly ref: number }[]
  readonly events: NetEvent[]
  readonly writable: Key[]
  readonly ended: string[]
  addr(): string
}

export interface TestOptions {
  readonly seed?: Uint8Array
  readonly options?: Partial<NetworkOptions>
  readonly handlers?: (net: () => Network) => Partial<NetworkHandlers>
  /** Verdict on everything that is heard. */
  readonly verdict?: 'accept' | 'ignore' | 'reject'
  /** Codes of peers to refuse. */
  readonly refuse?: (peer: Key, role: AdmitRole) => string | null
}

export function memoryBook(): AddressBook {
  const entries = new Map<Key, KnownAddress>()
  return {
    all: () => [...entries.values()],
    put: (entry) => void entries.set(entry.key, entry),
    remove: (key) => void entries.delete(key),
  }
}

/** Short times, so that tests of patience need none. */
export const QUICK = {
  redialMinMs: 50,
  redialMaxMs: 300,
  tendMs: 50,
  admissionMs: 1500,
  stallMs: 1500,
  exploreMs: 400,
  gossipMissingMs: 1500,
}

const running: Network[] = []

export async function startNode(test: TestOptions = {}): Promise<TestNode> {
  const seed = test.seed ?? randomBytes(32)
  const book = test.options?.book ?? memoryBook()
  const up = new Set<Key>()
  const frames: TestNode['frames'] = []
  const records: TestNode['records'] = []
  const events: NetEvent[] = []
  const writable: Key[] = []
  const ended: string[] = []
  const box: { net?: Network } = {}
  const net = (): Network => {
    if (!box.net) throw new Error('not made yet')
    return box.net
  }
  const roles = new Map<string, AdmitRole>()
  const handlers: NetworkHandlers = {
    // Both say hello; each judges by the key alone.
    admitStart(conn, peer, role) {
      roles.set(conn, role)
      net().admitSend(conn, new TextEncoder().encode('hello'))
      const code = test.refuse?.(peer, role) ?? null
      net().admitResult(conn, code === null, code, code === null ? '' : `You are refused, ${peer.slice(0, 4)}.`)
    },
    admitFrame: () => undefined,
    admitEnd: (conn) => void ended.push(conn),
    peerUp: (peer) => void up.add(peer),
    peerDown: (peer) => void up.delete(peer),
    writable: (peer) => void writable.push(peer),
    syncFrame: (peer, bytes) => void frames.push({ peer, text: new TextDecoder().decode(bytes.subarray(0, 64)) }),
    record(from, bytes, ref) {
      records.push({ from, text: new TextDecoder().decode(bytes.subarray(0, 64)), ref })
      if (test.verdict !== undefined) net().verdict(ref, test.verdict)
    },
    event: (event) => void events.push(event),
  }
  box.net = await createNetwork(
    {
      seed,
      mesh: MESH,
      listen: ['/ip4/127.0.0.1/tcp/0'],
      announce: [],
      bootstrap: [],
      gossip: true,
      mdns: false,
      dht: false,
      relay: false,
      ...test.options,
      book,
      limits: { ...QUICK, ...test.options?.limits },
    },
    { ...handlers, ...test.handlers?.(net) },
  )
  running.push(box.net)
  await box.net.start()
  const addr = (): string => {
    const [first] = net().addresses()
    if (first === undefined) throw new Error('this node listens on nothing')
    return first
  }
  return { key: createSigner(seed).key, seed, net: box.net, book, up, frames, records, events, writable, ended, addr }
}

export async function stopNodes(): Promise<void> {
  await Promise.all(running.splice(0).map(async (net) => await net.stop().catch(() => undefined)))
}

/** Waits until it is so; fails with the name of what did not happen. */
export async function until(what: string, isSo: () => boolean | Promise<boolean>, ms = 10_000): Promise<void> {
  const end = Date.now() + ms
  while (!(await isSo())) {
    if (Date.now() > end) throw new Error(`Not within ${ms} ms: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}
