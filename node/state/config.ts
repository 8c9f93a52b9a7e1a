import { z } from 'zod'
import { STORE_LIMITS } from '../limits.ts'

/** Free of well-known users (serf has 7946, consul 8300 to 8600). */
export const DEFAULT_PORT = 7731

const address = z
  .string()
  .min(1)
  .max(256)
  .regex(/^\//, 'a multiaddr starts with a slash, such as /ip4/10.0.0.1/tcp/7731')
const addresses = z.array(address).max(STORE_LIMITS.listMax)

/** `chorus.yaml` in the state folder: what an operator may set for one node. Unknown keys are refused. */
export const configSchema = z.strictObject({
  /** Where to listen; an empty list makes an outbound-only node. */
  listen: addresses.default([`/ip4/0.0.0.0/tcp/${DEFAULT_PORT}`]),
  /** What to tell others instead, for a node behind NAT with a forwarded port. */
  announce: addresses.default([]),
  /** Members to start from; redialled for ever. */
  bootstrap: addresses.default([]),
  /** Find members on the local network. */
  mdns: z.boolean().default(true),
  /** The distributed hash table: finds members' addresses and who holds a bundle. */
  dht: z.boolean().default(true),
  /** Off only for tests: sync alone delivers, later. */
  gossip: z.boolean().default(true),
  /** Use and serve circuit relays and hole punching. */
  relay: z.boolean().default(false),
  /** `intermittent` for laptops: away, not down. */
  presence: z.enum(['always', 'intermittent']).default('always'),
  /** Neighbours to keep at least. */
  neighbours: z.int().min(1).max(64).optional(),
  /** Bytes of disk for bundles. */
  quota: z
    .int()
    .min(1024 * 1024)
    .optional(),
})

export type Config = z.output<typeof configSchema>
