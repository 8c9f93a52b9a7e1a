import { hostname } from 'node:os'
import { renameSync } from 'node:fs'
import type { Envelope, Invite, Token } from '../core/index.ts'
import {
  buildProvisional,
  CoreError,
  decodeEnvelope,
  decodeToken,
  isInvite,
  peerIdOf,
  seal,
  verifyEnvelope,
} from '../core/index.ts'
import { createSigner, createVerifier, hasher } from '../crypto.ts'
import { messageOf } from '../errors.ts'
import type { StateFolder } from '../state/index.ts'
import { newSeed, openStateFolder, writeKeyFile } from '../state/index.ts'
import type { Store } from '../store/index.ts'
import { adoptMachine, openStore } from '../store/index.ts'
import { membership, saveMembership } from './membership.ts'
import { ageRecipient } from './secrets.ts'
import type { JoinOptions, JoinResult } from './types.ts'

/**
 * Makes a state folder a node of the mesh that a token names: its key and its provisional certificate. Nobody is asked;
 * the daemon meets the token's members when it starts. A folder that is a node of this mesh already gets a new key: that
 * is how a cloned or revoked machine comes back.
 * @throws CoreError E_TOKEN, E_EXPIRED (by this machine's clock), E_WRONG_MESH if the folder belongs to another mesh
 * @throws NodeError E_LOCKED if its daemon runs
 */
export async function joinMesh(options: JoinOptions): Promise<JoinResult> {
  const token = decodeToken(options.token)
  const invite = checkedInvite(token)
  const folder = openStateFolder(options.stateDir, { create: true })
  try {
    const store = openStore({ file: folder.paths.database, machineId: folder.machineId })
    try {
      return await joined(folder, store, token, invite, options)
    } finally {
      store.close()
    }
  } finally {
    folder.close()
  }
}

async function joined(
  folder: StateFolder,
  store: Store,
  token: Token,
  invite: Envelope<Invite>,
  options: JoinOptions,
): Promise<JoinResult> {
  const before = membership(store)
  if (before !== null && before.mesh !== token.mesh) {
    throw new CoreError(
      'E_WRONG_MESH',
      `${folder.dir} is a node of the mesh ${before.name || before.mesh}, and the token is for another: choose another folder with --state.`,
      { dir: folder.dir, mesh: before.mesh, token: token.mesh },
    )
  }
  const rejoined = before !== null
  const node = createSigner(rejoined ? replaceKey(folder) : folder.seed)
  if (folder.machineId !== null) adoptMachine(store, folder.machineId)
  const name = invite.body.name ?? options.nodeName ?? hostname()
  const wish = { at: Date.now(), peer: node.key, name, ageRecipient: await ageRecipient(folder.dir) }
  const provisional = seal(buildProvisional(invite, wish), [node, createSigner(token.seed)], hasher)
  if (rejoined) store.persist({ records: [], drop: [], local: {} })
  saveMembership(store, {
    mesh: token.mesh,
    name: before?.name ?? '',
    join: {
      invite: Buffer.from(token.invite).toString('base64'),
      provisional: Buffer.from(provisional.bytes).toString('base64'),
      charter: token.charter,
      members: token.members.map(({ key, addrs }) => ({ key, addrs: [...addrs] })),
    },
  })
  for (const { key, addrs } of token.members) store.book.put({ key, addrs, seenMs: 0 })
  return { mesh: token.mesh, key: node.key, id: peerIdOf(node.key), name, labels: invite.body.labels, rejoined }
}

/** The token's invite, checked as far as it can be without its mesh: that its enroller counts is the members' question. */
function checkedInvite(token: Token): Envelope<Invite> {
  const wrong = (what: string): CoreError => new CoreError('E_TOKEN', `This token cannot be used: ${what}.`)
  let envelope: Envelope
  try {
    envelope = decodeEnvelope(token.invite, hasher)
  } catch (error) {
    throw wrong(`its invite is damaged (${messageOf(error)})`)
  }
  if (!isInvite(envelope)) throw wrong('what it carries is no invite')
  if (envelope.body.mesh !== token.mesh) throw wrong('its invite is for another mesh than it names')
  if (createSigner(token.seed).key !== envelope.body.invite) throw wrong('its secret does not belong to its invite')
  if (!verifyEnvelope(envelope, createVerifier())) throw wrong('the signature of its invite is not valid')
  if (envelope.body.expires < Date.now()) {
    const since = new Date(envelope.body.expires).toISOString()
    throw new CoreError(
      'E_EXPIRED',
      `This token expired at ${since}: ask for a new one (chorus invite), and check this machine's clock.`,
    )
  }
  return envelope
}

/** The old key stays beside the new one: what it signed can be proven only with it. */
function replaceKey(folder: StateFolder): Uint8Array {
  renameSync(folder.paths.key, `${folder.paths.key}.${folder.key.slice(0, 16)}.old`)
  const seed = newSeed()
  writeKeyFile(folder.paths.key, seed)
  return seed
}
