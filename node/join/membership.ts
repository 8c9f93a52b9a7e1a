import { z } from 'zod'
import { NodeError } from '../errors.ts'
import type { Store } from '../store/index.ts'

const base64 = z.string().regex(/^[A-Za-z0-9+/]*=*$/)
const schema = z.object({
  mesh: z.string(),
  name: z.string(),
  join: z
    .object({
      /** Envelopes: the invite that let this node in, and the certificate that it made from it. */
      invite: base64,
      provisional: base64,
      /** The newest charter that the inviting member knew. */
      charter: z.string(),
      /** Trusted as members in the first sync. */
      members: z.array(z.object({ key: z.string(), addrs: z.array(z.string()) })),
    })
    .nullable(),
})

/** Which mesh a state folder belongs to, and how its node got in. `join` is null for the node that made the mesh. */
export type MeshMembership = z.infer<typeof schema>

const NAME = 'membership'

/** Null: the folder belongs to no mesh. @throws NodeError E_STATE for one that cannot be read */
export function membership(store: Store): MeshMembership | null {
  const value = store.meta.get(NAME)
  if (value === undefined || value === null) return null
  const found = schema.safeParse(value)
  if (!found.success)
    throw new NodeError('E_STATE', 'The state folder does not say which mesh it belongs to: join again.')
  return found.data
}

export function saveMembership(store: Store, value: MeshMembership): void {
  store.meta.set(NAME, value)
}
