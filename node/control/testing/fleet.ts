import type { NodeRow, PolicyStatus, Status } from '../schema.ts'
import { orderBy } from '../fleet/list.ts'
import type { NodeList } from '../fleet/list.ts'
import { STATES } from '../fleet/states.ts'
import type { Health } from '../fleet/types.ts'

const REGIONS = ['eu-north', 'eu-west', 'us-east', 'us-west', 'ap-south'] as const
const ROLES = ['web', 'db', 'cache', 'edge', 'build', 'desktop'] as const
const ZONES = ['a', 'b', 'c'] as const
export const VERSION_ID = 'bafyreihwebsite7'
const OLD_ID = 'bafyreihwebsite6'
export const MOTD_ID = 'bafyreihmotd0002'

/** 32 bits of a number; the same fleet every time, without keeping it. */
function mixed(value: number): number {
  let h = Math.imul(value ^ 0x9e3779b9, 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}

/** Of 1,000 nodes, so many are in each state; the rest are ok. */
const PER_MILLE: readonly (readonly [Health, number])[] = [
  ['failed', 4],
  ['down', 6],
  ['behind', 20],
  ['drift', 5],
  ['waiting', 3],
  ['stale', 2],
  ['held', 2],
  ['away', 15],
  ['unknown', 1],
]

/**
 * A fleet that is worked out, not kept: five bytes a node, whatever their number. Node 0 is the one that the screen runs on.
 */
export class Fleet implements NodeList {
  readonly size: number
  readonly #states: Uint8Array
  readonly #ages: Float32Array
  #version = 1
  #byName: Uint32Array | undefined

  constructor(size: number) {
    this.size = size
    this.#states = new Uint8Array(size)
    this.#ages = new Float32Array(size)
    for (let index = 0; index < size; index++) this.#set(index, index === 0 ? 'drift' : chance(mixed(index) % 1000))
  }

  get version(): number {
    return this.#version
  }

  row(index: number): NodeRow {
    const state = this.state(index)
    const h = mixed(index + 7)
    const told = state === 'ok' || state === 'held' || state === 'away' ? 'ok' : TOLD[state]
    const policies: NodeRow['policies'] =
      told === undefined
        ? {}
        : {
            'web/site': { version: state === 'behind' ? OLD_ID : VERSION_ID, state: told, ...CODES[state] },
            'base/motd': { version: MOTD_ID, state: 'ok' },
          }
    return {
      name: this.name(index),
      id: `12D3KooW${h.toString(36).padStart(7, 'x')}${index.toString(36).padStart(10, 'q')}`,
      key: h.toString(16).padStart(8, '0').repeat(8),
      labels: { region: this.label(index, 'region'), role: this.label(index, 'role'), zone: this.label(index, 'zone') },
      state,
      ageMs: this.ageMs(index),
      agent: state === 'unknown' ? null : this.agent(index),
      presence: this.label(index, 'role') === 'desktop' ? 'intermittent' : 'always',
      provisional: index % 97 === 5,
      self: index === 0,
      addrs: [`/ip4/10.${(index >> 16) & 255}.${(index >> 8) & 255}.${index & 255}/tcp/4455`],
      facts: { os: 'linux', arch: h % 9 === 0 ? 'arm64' : 'x64', memoryMiB: 1024 << (h % 5) },
      policies,
    }
  }

  byName(): Uint32Array {
    return (this.#byName ??= orderBy(this.size, (index) => this.name(index)))
  }

  name(index: number): string {
    // One that tries to steer the terminal, as any member may.
    if (index === 3) return 'evil\u001b[2Jnode'
    return `${this.label(index, 'role')}-${this.label(index, 'region').slice(0, 2)}-${String(index).padStart(5, '0')}`
  }

  state(index: number): Health {
    return STATES[this.#states[index] ?? 0] ?? 'unknown'
  }

  ageMs(index: number): number | null {
    return this.state(index) === 'unknown' ? null : (this.#ages[index] ?? 0)
  }

  agent(index: number): string {
    return mixed(index + 3) % 50 === 0 ? '0.0.9' : '0.1.0'
  }

  label(index: number, name: string): string {
    if (name === 'region') return REGIONS[mixed(index + 1) % REGIONS.length] ?? ''
    if (name === 'role') return ROLES[mixed(index + 2) % ROLES.length] ?? ''
    return name === 'zone' ? (ZONES[mixed(index + 4) % ZONES.length] ?? '') : ''
  }

  byId(id: string): NodeRow | undefined {
    const index = Number.parseInt(id.slice(-10).replace(/^q+(?=.)/, ''), 36)
    const row = index >= 0 && index < this.size ? this.row(index) : undefined
    return row?.id === id ? row : undefined
  }

  /** Some nodes change, as in a rollout: every `every`-th becomes `state`. */
  change(every: number, state: Health): void {
    for (let index = every; index < this.size; index += every) this.#set(index, state)
    this.#version++
  }

  #set(index: number, state: Health): void {
    this.#states[index] = STATES.indexOf(state)
    const h = mixed(index + 11)
    this.#ages[index] = state === 'down' || state === 'away' ? 180_000 + (h % 86_400_000) : h % 55_000
  }

  ownPolicies(): PolicyStatus[] {
    return OWN
  }

  ownPeers(): Status['peers'] {
    return [1, 2, 4, 5].map((index) => {
      const { id, name, key, addrs } = this.row(Math.min(index, this.size - 1))
      return { id, name, key, addr: addrs[0] ?? '', rttMs: index === 4 ? null : index * 3.7, gossip: index !== 5 }
    })
  }
}

function chance(draw: number): Health {
  let left = draw
  for (const [state, share] of PER_MILLE) {
    if (left < share) return state
    left -= share
  }
  return 'ok'
}

const TOLD: Readonly<Partial<Record<Health, Health>>> = {
  failed: 'failed',
  behind: 'behind',
  drift: 'drift',
  waiting: 'waiting',
  stale: 'ok',
  down: 'ok',
}

const CODES: Readonly<Partial<Record<Health, { readonly code: string }>>> = {
  failed: { code: 'E_EXEC_FAILED' },
  waiting: { code: 'E_NOT_HELD' },
}

const OWN: PolicyStatus[] = [
  {
    policy: 'base/motd',
    winner: MOTD_ID,
    seq: 2,
    heads: [MOTD_ID],
    inForce: MOTD_ID,
    state: 'ok',
    code: null,
    reason: 'in force',
    outcomes: [{ policy: 'base/motd', key: 'file/motd', state: 'kept', reason: 'as it should be' }],
  },
  {
    policy: 'web/site',
    winner: VERSION_ID,
    seq: 7,
    heads: [VERSION_ID],
    inForce: VERSION_ID,
    state: 'drift',
    code: 'E_DRIFT',
    reason: 'one resource differs, and this node only observes',
    outcomes: [
      { policy: 'web/site', key: 'package/nginx', state: 'kept', reason: 'as it should be' },
      {
        policy: 'web/site',
        key: 'file/etc/nginx/nginx.conf',
        state: 'skipped',
        reason: 'differs',
        diff: '--- nginx.conf\n+++ nginx.conf\n@@ -1,2 +1,2 @@\n-worker_processes 1;\n+worker_processes auto;\n events {}\n',
      },
    ],
  },
]
