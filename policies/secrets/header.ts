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

/** What a file says of who can read it. Shown as claimed: the ciphertext itself names nobody. */
export interface SecretRecipients {
  /** The last characters of each node's recipient: enough to see who is missing, not to write a file as long as its ciphertext. */
  readonly to: readonly string[]
  /** Whole recipients beside those of nodes, such as an operator's own: kept when the file is written again. */
  readonly also: readonly string[]
}

const MARK_CHARS = 10

/** How a recipient is named in `to`. */
export function recipientMark(recipient: string): string {
  return recipient.slice(-MARK_CHARS)
}

const MAGIC = 'chorus-secret/1 '
const AGE_STARTS = ['age-encryption.org/v1', '-----BEGIN AGE ENCRYPTED FILE-----']

/** The line that stands before the ciphertext, for people and for the check at publish, and inside it, where it counts. */
export function secretHeader(
  { mesh, policy, name, version }: SecretBinding,
  { to, also }: SecretRecipients = NOBODY,
): Uint8Array {
  const readers = { ...(to.length === 0 ? {} : { to }), ...(also.length === 0 ? {} : { also }) }
  return new TextEncoder().encode(`${MAGIC}${JSON.stringify({ mesh, policy, name, version, ...readers })}\n`)
}

const NOBODY: SecretRecipients = { to: [], also: [] }

/**
 * Splits a header from what follows it.
 *
 * @throws PolicyError E_SECRET if there is none
 */
export function readSecretHeader(bytes: Uint8Array): {
  readonly binding: SecretBinding
  readonly recipients: SecretRecipients
  readonly body: Uint8Array
} {
  const end = bytes.subarray(0, LIMITS.secretHeaderBytes).indexOf(0x0a)
  const line = end < 0 ? '' : new TextDecoder().decode(bytes.subarray(0, end))
  const read = line.startsWith(MAGIC) ? parseHeader(line.slice(MAGIC.length)) : undefined
  if (read === undefined) throw new PolicyError('E_SECRET', 'it is not a secret made by `chorus secret set`')
  return { ...read, body: bytes.subarray(end + 1) }
}

function parseHeader(
  text: string,
): { readonly binding: SecretBinding; readonly recipients: SecretRecipients } | undefined {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return undefined
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  const { mesh, policy, name, version, to, also } = {
    mesh: 0,
    policy: 0,
    name: 0,
    version: 0,
    to: 0,
    also: 0,
    ...value,
  }
  if (typeof mesh !== 'string' || typeof policy !== 'string' || typeof name !== 'string') return undefined
  if (typeof version !== 'number' || !Number.isSafeInteger(version) || version < 1) return undefined
  return { binding: { mesh, policy, name, version }, recipients: { to: texts(to), also: texts(also) } }
}

function texts(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : []
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

/**
 * The file of a secret: header, then `encrypt` of header and value.
 *
 * @param encrypt age, to the recipients
 * @param recipients as the header is to name them
 * @throws PolicyError E_TOO_LARGE for more recipients than a header names
 */
export async function sealSecret(
  binding: SecretBinding,
  value: Uint8Array,
  encrypt: Crypt,
  recipients?: SecretRecipients,
): Promise<Uint8Array> {
  const header = secretHeader(binding, recipients)
  if (header.length > LIMITS.secretHeaderBytes) {
    throw new PolicyError('E_TOO_LARGE', `the secret ${binding.name} has more recipients than one file can name`, {
      hint: 'Give it a file for each group of nodes, as in secrets/${labels.env}.age.',
    })
  }
  return joined(header, await encrypt(joined(secretHeader(binding), value)))
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
