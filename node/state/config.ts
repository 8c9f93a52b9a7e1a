import { readFileSync, statSync } from 'node:fs'
import { multiaddr } from '@multiformats/multiaddr'
import { parseDocument } from 'yaml'
import { z } from 'zod'
import { messageOf, NodeError } from '../errors.ts'
import { STORE_LIMITS } from '../limits.ts'
import { isCode } from './keyfile.ts'

/** Free of well-known users (serf has 7946, consul 8300 to 8600). */
export const DEFAULT_PORT = 7731

function isMultiaddr(text: string): boolean {
  try {
    multiaddr(text)
    return true
  } catch {
    return false
  }
}

const address = z
  .string()
  .max(256)
  .refine(isMultiaddr, 'is no multiaddr: write it like /ip4/10.0.0.1/tcp/7731 or /dns4/seed.example.org/tcp/7731')
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
  /** Mean time between rounds of sync with random neighbours, ms. Gossip makes the default soon enough. */
  syncMs: z.int().min(1000).max(600_000).optional(),
  /** Bytes of disk for bundles. */
  quota: z
    .int()
    .min(1024 * 1024)
    .optional(),
})

export type Config = z.output<typeof configSchema>

/**
 * Reads `chorus.yaml`; a missing file means the defaults.
 * @throws NodeError E_CONFIG with file, line and key
 */
export function readConfig(path: string): Config {
  let text: string
  try {
    if (statSync(path).size > STORE_LIMITS.configBytes) {
      throw new NodeError(
        'E_CONFIG',
        `${path} is larger than ${STORE_LIMITS.configBytes} bytes: it holds a few settings only.`,
        { path },
      )
    }
    text = readFileSync(path, 'utf8')
  } catch (error) {
    if (isCode(error, 'ENOENT')) return configSchema.parse({})
    if (error instanceof NodeError) throw error
    throw new NodeError('E_CONFIG', `${path} cannot be read (${messageOf(error)}).`, { path }, error)
  }
  return parseConfig(text, path)
}

/** @throws NodeError E_CONFIG */
export function parseConfig(text: string, path: string): Config {
  let value: unknown
  try {
    const document = parseDocument(text, { uniqueKeys: true })
    const [problem] = [...document.errors, ...document.warnings]
    if (problem) throw problem
    value = document.toJS({ maxAliasCount: 0 }) ?? {}
  } catch (error) {
    throw new NodeError('E_CONFIG', `${path} is no valid YAML: ${messageOf(error).split('\n')[0]}`, { path }, error)
  }
  const result = configSchema.safeParse(value)
  if (result.success) return result.data
  const said = result.error.issues.map((issue) => `${issue.path.join('.') || 'the file'}: ${issue.message}`)
  throw new NodeError('E_CONFIG', `${path} is not understood: ${said.join('; ')}.`, { path, problems: said })
}
