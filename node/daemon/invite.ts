import type { z } from 'zod'
import { ControlError } from '../control/errors.ts'
import type { invitedSchema, inviteSchema } from '../control/schema.ts'
import type { NodeWorld } from '../control/views/world.ts'
import { encodeToken, isInvite } from '../core/index.ts'
import { createSigner } from '../crypto.ts'
import { newSeed } from '../state/index.ts'
import type { Asking } from './asking.ts'

/** Members whose addresses a token carries (RECORDS.md, section 4). */
const MEMBERS = 8

/** Writes an invite with a key of its own, and makes the token that carries it. */
export async function makeInvite(
  asking: Asking,
  world: NodeWorld,
  request: z.output<typeof inviteSchema>,
): Promise<z.infer<typeof invitedSchema>> {
  const { ledger } = world.view
  const current = ledger.charters.current
  if (current === null)
    throw new ControlError('E_NOT_FOUND', 'This node has no charter yet: wait until it has met a member.')
  const seed = newSeed()
  const { name, labels, expiresMs, uses } = request
  const reply = await asking.command({
    type: 'invite',
    labels,
    expiresMs,
    uses,
    inviteKey: createSigner(seed).key,
    ...(name === undefined ? {} : { name }),
  })
  if (!reply.ok) throw new ControlError(`E_${reply.code.replace(/^E_/, '')}`, reply.message)
  if (!reply.record || !isInvite(reply.record)) throw new ControlError('E_INTERNAL', 'The engine wrote no invite.')
  const token = encodeToken({
    mesh: ledger.env.mesh,
    charter: current.id,
    invite: reply.record.bytes,
    seed,
    members: membersToMeet(world),
  })
  return { token, id: reply.record.id, expires: reply.record.body.expires }
}

/** This node, and others that were heard lately, if they can be dialled. */
function membersToMeet(world: NodeWorld): { key: string; addrs: readonly string[] }[] {
  const others = world.view
    .nodes()
    .filter(({ self, membership, beacon }) => !self && membership.state === 'member' && (beacon?.addrs.length ?? 0) > 0)
    .toSorted((a, b) => (a.ageMs ?? 0) - (b.ageMs ?? 0))
    .map(({ key, beacon }) => ({ key, addrs: beacon?.addrs ?? [] }))
  return [{ key: world.self, addrs: world.addrs }, ...others].slice(0, MEMBERS)
}
