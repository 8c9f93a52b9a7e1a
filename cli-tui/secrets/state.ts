import { PolicyError, readSecretHeader, recipientMark } from '../../policies/index.ts'
import type { SecretBinding, SecretReaders, SecretRecipients } from '../../policies/index.ts'
import type { Reader, SecretFolder } from './folder.ts'

/**
 * How a file of a secret stands: `ok`; `rekey`, if its recipients are not those that its readers are now; `absent`;
 * `damaged`, if it is no secret or one of something else; `unused`, if no node here would read it.
 */
export type SecretState = 'ok' | 'rekey' | 'absent' | 'damaged' | 'unused'

export interface SecretRow {
  readonly name: string
  /** In the policy's folder. */
  readonly file: string
  readonly state: SecretState
  /** Counts the values that were set; null without a file. */
  readonly version: number | null
  /** Names of the nodes that are to read it. */
  readonly readers: readonly string[]
  /** Those among them that cannot: it was not encrypted for them. */
  readonly missing: readonly string[]
  /** Those among them whose certificate names no age key: nothing can be encrypted for them. */
  readonly keyless: readonly string[]
  /** Recipients of the file that are no readers (any more). */
  readonly strangers: number
  /** Recipients that were added by hand. */
  readonly also: readonly string[]
}

/** What a secret's file says of itself. */
interface Header {
  readonly binding: SecretBinding
  readonly recipients: SecretRecipients
}

export function headerOf(bytes: Uint8Array): Header | undefined {
  try {
    return readSecretHeader(bytes)
  } catch (error) {
    if (error instanceof PolicyError) return undefined
    throw error
  }
}

/**
 * Every file that the secrets of a policy have or should have, and who can read it.
 *
 * @param there names of the files of the folder
 */
export function secretRows(
  { policy, readers }: Pick<SecretFolder, 'policy' | 'readers'>,
  mesh: string,
  there: readonly string[],
  read: (file: string) => Uint8Array | undefined,
): readonly SecretRow[] {
  return readers.flatMap((secret) => {
    const wanted = new Map(secret.files.map(({ file, readers: who }) => [file, who]))
    const others = there.filter((file) => !wanted.has(file) && fits(secret.pattern, file))
    return [...wanted.keys(), ...others].sort().map((file) => {
      const bytes = read(file)
      const header = bytes === undefined ? undefined : headerOf(bytes)
      return rowOf(secret, file, wanted.get(file) ?? [], bytes !== undefined, header, { mesh, policy })
    })
  })
}

/** Whether a file name is one that a pattern could give for some node. */
function fits(pattern: string, file: string): boolean {
  const parts = pattern.split(/\$\{[^}]*\}/)
  const escaped = parts.map((part) => part.replaceAll(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`))
  return new RegExp(`^${escaped.join('[^/]+')}$`).test(file)
}

function rowOf(
  { name }: SecretReaders<Reader>,
  file: string,
  readers: readonly Reader[],
  exists: boolean,
  header: Header | undefined,
  wanted: { readonly mesh: string; readonly policy: string },
): SecretRow {
  const keyless = readers.filter(({ recipient }) => recipient === undefined)
  const keyed = readers.flatMap(({ recipient, node }) =>
    recipient === undefined ? [] : [{ recipient, name: node.name }],
  )
  const { to, also } = header?.recipients ?? { to: [], also: [] }
  const held = new Set(to)
  const missing = keyed.filter(({ recipient }) => !held.has(recipientMark(recipient)) && !also.includes(recipient))
  const marks = new Set(keyed.map(({ recipient }) => recipientMark(recipient)))
  const strangers = to.filter((mark) => !marks.has(mark)).length
  const { mesh, policy } = wanted
  const right =
    header !== undefined &&
    header.binding.mesh === mesh &&
    header.binding.policy === policy &&
    header.binding.name === name
  return {
    name,
    file,
    state: stateOf({ exists, right, used: readers.length > 0, whole: missing.length === 0 && strangers === 0 }),
    version: header?.binding.version ?? null,
    readers: readers.map(({ node }) => node.name).sort(),
    missing: (exists ? missing : keyed).map((one) => one.name).sort(),
    keyless: keyless.map(({ node }) => node.name).sort(),
    strangers,
    also,
  }
}

function stateOf(is: { exists: boolean; right: boolean; used: boolean; whole: boolean }): SecretState {
  if (!is.exists) return 'absent'
  if (!is.right) return 'damaged'
  if (!is.used) return 'unused'
  return is.whole ? 'ok' : 'rekey'
}
