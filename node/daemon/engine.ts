import { randomBytes } from 'node:crypto'
import type { Value } from '../../policies/index.ts'
import { evaluateSelector } from '../../policies/index.ts'
import type { EngineOptions, LocalState } from '../core/index.ts'
import { DEFAULT_SETTINGS, DEFAULT_TIMING, Engine, peerIdOf } from '../core/index.ts'
import { createCrypto, createSigner } from '../crypto.ts'
import { agentVersion } from '../installed.ts'
import type { Opened } from './open.ts'

/** The engine of a node, from what is on its disk. */
export function createEngine(
  opened: Opened,
  facts: { readonly [name: string]: Value },
): { engine: Engine; instance: string } {
  const { folder, config, store, mesh } = opened
  const instance = randomBytes(8).toString('hex')
  const { records, local } = store.load()
  const id = peerIdOf(folder.key)
  const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'base64'))
  const settings: EngineOptions['settings'] = {
    ...DEFAULT_SETTINGS,
    agent: `chorus/${agentVersion()}`,
    presence: config.presence,
    credentials:
      mesh.join === null ? null : { certificate: bytes(mesh.join.provisional), invite: bytes(mesh.join.invite) },
    trusted: mesh.join?.members.map(({ key }) => key) ?? [],
    gossip: config.gossip,
    // The driver decides what is shown: streams and metrics want more than the log.
    events: 'debug',
    timing: { ...DEFAULT_TIMING, ...(config.syncMs === undefined ? {} : { syncMs: config.syncMs }) },
  }
  const engine = new Engine({
    identity: { key: folder.key, instance },
    settings,
    random: { next: () => Math.random() },
    crypto: createCrypto(createSigner(folder.seed)),
    ledgerEnv: {
      mesh: mesh.mesh,
      // Asked about this node only where facts can matter: grants use labels alone.
      selects: (selector, { labels, name }) =>
        evaluateSelector(selector, { labels, facts, node: { name, id } }).selected,
    },
    snapshot: { records, local: localState(local) },
  })
  return { engine, instance }
}

/** What the engine last gave to be kept; after joining again, nothing. */
function localState(value: unknown): LocalState | null {
  const known = typeof value === 'object' && value !== null && 'v' in value && value.v === 1 && 'inForce' in value
  // Written by the engine alone, through `persist`.
  return known ? (value as LocalState) : null
}
