import type { ControlClient } from '../../node/control/index.ts'
import { parseBundleRoot, readPolicy } from '../../policies/index.ts'
import type { BundleFile, BundleRoot, CompiledPolicy } from '../../policies/index.ts'
import { CliError } from '../errors.ts'

/** A bundle that was read whole; `content` is undefined for a file that is larger than anybody wants to see. */
export interface ReadBundle {
  readonly policy: CompiledPolicy
  readonly root: BundleRoot
  readonly content: (file: BundleFile) => Uint8Array | undefined
}

/** Bytes of one file that are kept for showing. */
const SHOWN_BYTES = 1024 * 1024
/** Bytes of one bundle that are kept at most. */
const KEPT_BYTES = 256 * 1024 * 1024

/** Reads a bundle from the daemon, root first. @throws ControlError E_NOT_FOUND if it is not held whole */
export async function readBundle(client: ControlClient, cid: string): Promise<ReadBundle> {
  return bundleFrom(client.bundle(cid), cid)
}

export async function bundleFrom(
  blocks: AsyncIterable<{ readonly cid: string; readonly bytes: Uint8Array }>,
  cid: string,
): Promise<ReadBundle> {
  const kept = new Map<string, Uint8Array>()
  let root: BundleRoot | undefined
  let wanted: ReadonlySet<string> = new Set()
  let bytes = 0
  for await (const block of blocks) {
    if (block.cid === cid) {
      root = parseBundleRoot(block.bytes)
      wanted = new Set([
        ...root.policy.chunks,
        ...root.files.filter((file) => file.size <= SHOWN_BYTES).flatMap((file) => file.chunks),
      ])
    } else if ((root === undefined || wanted.has(block.cid)) && bytes < KEPT_BYTES) {
      kept.set(block.cid, block.bytes)
      bytes += block.bytes.length
    }
  }
  if (root === undefined) throw new CliError('E_ARCHIVE', `the bundle ${cid} came without its root`)
  const join = (chunks: readonly string[]): Uint8Array | undefined => {
    const parts = chunks.map((chunk) => kept.get(chunk))
    return parts.every((part) => part !== undefined) ? Buffer.concat(parts) : undefined
  }
  const policy = join(root.policy.chunks)
  if (policy === undefined) throw new CliError('E_ARCHIVE', `the bundle ${cid} lacks its policy`)
  return {
    policy: readPolicy(policy),
    root,
    content: (file) => (file.size > SHOWN_BYTES ? undefined : join(file.chunks)),
  }
}

/** A policy as people read it: one line a fact, in an order that does not depend on how it was written. */
export function policyText(policy: CompiledPolicy): string {
  const lines = [`policy: ${policy.policy}`, `select: ${policy.select}`]
  if (policy.after.length > 0) lines.push(`after: ${policy.after.join(', ')}`)
  lines.push(...(Object.keys(policy.vars).length > 0 ? valueLines('vars', policy.vars) : []))
  for (const [file, layer] of Object.entries(policy.layers)) lines.push(...valueLines(file, layer))
  for (const [name, value] of Object.entries(policy.extra)) lines.push(...valueLines(name, value))
  for (const { key, attrs } of policy.resources) {
    lines.push(`${key}:`)
    for (const [name, value] of Object.entries(attrs)) lines.push(...valueLines(`  ${name}`, value))
  }
  return `${lines.join('\n')}\n`
}

/** Maps one entry a line, so that a diff shows which one differs; texts of several lines as they are. */
function valueLines(name: string, value: unknown): string[] {
  if (typeof value === 'string' && value.includes('\n')) {
    return [
      `${name}:`,
      ...value
        .replace(/\n$/, '')
        .split('\n')
        .map((line) => `    ${line}`),
    ]
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length > 0) {
    return Object.entries(value).flatMap(([key, item]) => valueLines(`${name}.${key}`, item))
  }
  return [`${name}: ${typeof value === 'string' ? value : JSON.stringify(value)}`]
}
