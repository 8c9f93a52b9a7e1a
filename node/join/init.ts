import { randomBytes } from 'node:crypto'
import type { Grant, Key } from '../core/index.ts'
import { buildCertificate, emptyLedger, firstCharter, peerIdOf, seal } from '../core/index.ts'
import { createSigner, hasher } from '../crypto.ts'
import { NodeError } from '../errors.ts'
import { newSeed, openStateFolder } from '../state/index.ts'
import { openStore } from '../store/index.ts'
import { ageRecipient } from './secrets.ts'
import { membership, saveMembership } from './membership.ts'
import type { InitOptions, InitResult } from './types.ts'

const YEAR_MS = 365 * 24 * 3_600_000
/** A gigabyte, the largest bundle there is: the first node may publish anything. */
const MAX_BLOB = 2 ** 30
/** Entries an hour; shown, never enforced by dropping. */
const RATE = 3600

/**
 * Makes a mesh with one node: its key, a root key, a recovery key, charter 1 and the node's own certificate.
 * @throws NodeError E_STATE if the folder belongs to a mesh already; E_LOCKED
 * @throws CoreError E_MALFORMED for a name or label that no record can carry
 */
export async function initMesh(options: InitOptions): Promise<InitResult> {
  const folder = openStateFolder(options.stateDir, { create: true })
  try {
    const store = openStore({ file: folder.paths.database, machineId: folder.machineId })
    try {
      const before = membership(store)
      if (before !== null) {
        throw new NodeError(
          'E_STATE',
          `${folder.dir} is a node of the mesh ${before.name} already: choose another folder with --state.`,
          { dir: folder.dir, mesh: before.mesh },
        )
      }
      const node = createSigner(folder.seed)
      const root = { seed: newSeed() }
      const recovery = { seed: newSeed() }
      const rootSigner = createSigner(root.seed)
      const recoverySigner = createSigner(recovery.seed)
      const now = Date.now()
      const charter = seal(
        firstCharter({
          name: options.name,
          nonce: randomBytes(16),
          roots: { keys: [rootSigner.key], threshold: 1 },
          recovery: { keys: [recoverySigner.key], threshold: 1 },
          enrollers: [{ key: node.key, labels: { '*': ['*'] } }],
          grants: [everything(node.key, options.nodeName)],
          minVersion: '0.1.0',
          issuedAt: now,
          refreshBy: now + YEAR_MS,
        }),
        [rootSigner],
        hasher,
      )
      const { ledger } = emptyLedger({ mesh: charter.id, selects: () => false }).add([charter])
      const wish = { at: now, peer: node.key, name: options.nodeName, labels: options.labels }
      const recipient = await ageRecipient(folder.dir)
      const certificate = seal(buildCertificate(ledger, node.key, { ...wish, ageRecipient: recipient }), [node], hasher)
      // The root key must be safe before a mesh exists that cannot do without it.
      await options.saveRoot({ key: rootSigner.key, seed: root.seed })
      store.persist({ records: [charter, certificate], drop: [], local: null })
      saveMembership(store, { mesh: charter.id, name: options.name, join: null })
      return {
        mesh: charter.id,
        key: node.key,
        id: peerIdOf(node.key),
        rootKey: rootSigner.key,
        recovery: { key: recoverySigner.key, seed: recovery.seed },
      }
    } finally {
      store.close()
    }
  } finally {
    folder.close()
  }
}

function everything(key: Key, name: string): Grant {
  return {
    key,
    name,
    policies: ['*'],
    verbs: ['publish', 'retire', 'rollout', 'secret', 'exec', 'observe'],
    selector: 'true',
    maxBlob: MAX_BLOB,
    rate: RATE,
  }
}
