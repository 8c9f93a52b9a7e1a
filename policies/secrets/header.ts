import { PolicyError } from '../errors.ts'
import { LIMITS } from '../limits.ts'

/** What a ciphertext was made for. It opens for nothing else, so that nobody can move it to where it tells more. */
export interface SecretBinding {
  /** Id of the mesh. */
  readonly mesh: string
  readonly policy: string
  /** Its name in the `secrets` of the policy. */
  readonly name: string
  /** Counts up with every `chorus secret set`, from 1. */
  readonly version: number
}

/** What a node asks for. A node that remembers the version it had refuses an older one. */
export type WantedSecret = Omit<SecretBinding, 'version'> & { readonly atLeast?: number }

const MAGIC = 'chorus-secret/1 '
const AGE_STARTS = ['age-encryption.org/v1', '-----BEGIN AGE ENCRYPTED FILE-----']

/** The line that stands before the ciphertext, for people and for the check at publish, and inside it, where it counts. */
export function secretHeader({ mesh, policy, name, version }: SecretBinding): Uint8Array {
  return new TextEncoder().encode(`${MAGIC}${JSON.stringify({ mesh, policy, name, version })}\n`)
}

/**
 * Splits a header from what follows it.
 *
 * @throws PolicyError E_SECRET if there is none
 */
export function readSecretHeader(bytes: Uint8Array): { readonly binding: SecretBinding; readonly body: Uint8Array } {
  const end = bytes.subarray(0, LIMITS.secretHeaderBytes).indexOf(0x0a)
  const line = end < 0 ? '' : new TextDecoder().decode(bytes.subarray(0, end))
  const binding = line.startsWith(MAGIC) ? parseBinding(line.slice(MAGIC.length)) : undefined
  if (binding === undefined) throw new PolicyError('E_SECRET', 'it is not a secret made by `chorus secret set`')
  return { binding, body: bytes.subarray(end + 1) }
}

function parseBinding(text: string): SecretBinding | undefined {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return undefined
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  const { mesh, policy, name, version } = { mesh: 0, policy: 0, name: 0, version: 0, ...value }
  if (typeof mesh !== 'string' || typeof policy !== 'string' || typeof name !== 'string') return undefined
  if (typeof version !== 'number' || !Number.isSafeInteger(version) || version < 1) return undefined
  return { mesh, policy, name, version }
}

/** Why a secret made for `found` must not be used where `wanted` is asked for; undefined if it may. */
export function bindingProblem(found: SecretBinding, wanted: Partial<WantedSecret>): string | undefined {
  for (const field of ['mesh', 'policy', 'name'] as const) {
    const asked = wanted[field]
    if (asked !== undefined && asked !== found[field]) {
      return field === 'mesh' ? 'was made for another mesh' : `was made for the ${field} ${found[field]}, not ${asked}`
    }
  }
  return wanted.atLeast !== undefined && found.version < wanted.atLeast
    ? `is version ${found.version}, and this node has seen version ${wanted.atLeast}`
    : undefined
}

/**
 * Why the bytes of an encrypted file cannot be the secret that is declared; undefined if they can. Run at publish, so that
 * nothing is published in clear by mistake.
 */
export function sealedProblem(bytes: Uint8Array, wanted: Partial<WantedSecret>): string | undefined {
  try {
    const { binding, body } = readSecretHeader(bytes)
    const start = new TextDecoder().decode(body.subarray(0, 64))
    if (!AGE_STARTS.some((magic) => start.startsWith(magic))) return 'is not encrypted'
    return bindingProblem(binding, wanted)
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error
    return 'is not a secret made by `chorus secret set`'
  }
}

type Crypt = (bytes: Uint8Array) => Uint8Array | Promise<Uint8Array>

/** The file of a secret: header, then `encrypt` of header and value. @param encrypt age, to the recipients */
export async function sealSecret(binding: SecretBinding, value: Uint8Array, encrypt: Crypt): Promise<Uint8Array> {
  const header = secretHeader(binding)
  return joined(header, await encrypt(joined(header, value)))
}

/**
 * The value of a secret.
 *
 * @param decrypt age, with the identity of the node; what it throws is thrown on
 * @throws PolicyError E_SECRET if the file or its ciphertext was made for something else
 */
export async function openSecret(file: Uint8Array, wanted: WantedSecret, decrypt: Crypt): Promise<Uint8Array> {
  const outer = readSecretHeader(file)
  const inner = readSecretHeader(await decrypt(outer.body))
  const problem =
    bindingProblem(inner.binding, wanted) ??
    (inner.binding.version === outer.binding.version ? undefined : 'says another version outside than inside')
  if (problem !== undefined) throw new PolicyError('E_SECRET', `the secret ${wanted.name} ${problem}`)
  return inner.body
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const made = new Uint8Array(a.length + b.length)
  made.set(a)
  made.set(b, a.length)
  return made
}
