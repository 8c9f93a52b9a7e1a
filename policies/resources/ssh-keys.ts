import { z } from 'zod'
import { PolicyError } from '../errors.ts'
import { andThen } from '../maybe.ts'
import type { Value } from '../model.ts'
import { usersOf } from './account-files.ts'
import { account } from './account.ts'
import { folderOf, hostPath } from './attributes.ts'
import { fileStep } from './file-content.ts'
import { Trace } from './file-trace.ts'
import { fieldsOf, textsOf } from './remembered.ts'
import { fileOfOthers } from './shared-file.ts'
import { TextFile } from './text-file.ts'
import { defineType, KEPT, type TypeContext, type Typed, type Verdict } from './type.ts'

/** Options, type, base64 and comment of one line of authorized_keys. */
const KEY = /(?:^|[\s"])((?:ssh|ecdsa|sk)-[a-z0-9@.-]+)\s+([A-Za-z0-9+/]{40,}={0,3})(?:\s|$)/

const schema = z.object({
  user: account.optional().describe('whose keys they are; the name of the resource if nothing is said'),
  keys: z
    .array(
      z
        .string()
        .max(16_384)
        .regex(/^[^\p{Cc}]*$/u, 'must be one line each'),
    )
    .max(10_000)
    .describe('public keys, each a line as in id_ed25519.pub, with options before it if needed'),
  exclusive: z.boolean().optional().describe('no other key may be there'),
  path: hostPath.optional().describe('another file than .ssh/authorized_keys in the home folder; it belongs to root'),
})

type KeysResource = Typed<z.output<typeof schema>>

const userOf = ({ name, attrs }: KeysResource): string => attrs.user ?? name

export const sshKeys = defineType({
  name: 'ssh_keys',
  summary: 'Public keys with which a user may log in by SSH.',
  schema,
  onRemove: 'undo',
  wholeHost: true,
  needsRoot: () => 'only root can write the keys of users',
  claims: (resource) => [
    `ssh_keys:${userOf(resource)}`,
    ...(resource.attrs.path === undefined ? [] : [`path:${resource.attrs.path}`]),
  ],
  needs: (resource) => [
    `user:${userOf(resource)}`,
    ...(resource.attrs.path === undefined ? [] : [`path:${folderOf(resource.attrs.path)}`]),
  ],
  check(context, resource) {
    const { keys, exclusive = false } = resource.attrs
    const bad = keys.findIndex((line) => idOf(line) === null)
    if (bad >= 0)
      throw new PolicyError('E_VALUE', `key ${bad + 1} of ${userOf(resource)} is no public key in the form of OpenSSH`)
    const place = placeOf(context, userOf(resource), resource.attrs.path)
    // Nothing of it stays, so it does not matter what it is.
    const file = exclusive ? new TextFile(new Uint8Array(0)) : fileOfOthers(context, place.path)
    const is = exclusive ? linesAt(context, place.path) : file.lines
    const ours = ourKeys(context.remembered)
    const there = new Set(is.map(idOf))
    return write(context, place, file, linesWith(file.lines, file.foreign(keys), ours), {
      path: place.path,
      made: madeFile(context.remembered) || context.host.lstat(place.path) === null,
      keys: keys.flatMap((line) => idOf(line) ?? []).filter((id) => ours.has(id) || !there.has(id)),
    })
  },
  undo(context) {
    const path = pathIn(context.remembered)
    if (path === null || context.host.lstat(path)?.kind !== 'file') return KEPT
    const ours = ourKeys(context.remembered)
    const file = fileOfOthers(context, path)
    const left = file.lines.filter((line) => !ours.has(idOf(line) ?? ''))
    if (left.length === file.lines.length) return KEPT
    const count = file.lines.length - left.length
    const changes = [`remove ${count} ${count === 1 ? 'key' : 'keys'} from ${path}`]
    if (left.every((line) => line.trim() === '') && madeFile(context.remembered))
      return { ok: false, changes, apply: () => context.host.unlink(path) }
    const verdict = write(context, { path, owner: undefined }, file, left, null)
    return andThen(verdict, (one) => (one.ok ? one : { ...one, changes }))
  },
})

interface Place {
  readonly path: string
  /** undefined: as it is, or root. */
  readonly owner: { readonly name: string; readonly uid: number; readonly gid: number } | undefined
}

function placeOf({ host }: TypeContext, name: string, path: string | undefined): Place {
  if (path !== undefined) return { path, owner: undefined }
  const user = usersOf(host).get(name)
  if (user === undefined) throw new PolicyError('E_ACCOUNT', `there is no user '${name}' on this host`)
  if (!user.home.startsWith('/') || user.home === '/')
    throw new PolicyError('E_ACCOUNT', `${name} has no home folder for its keys (${user.home}): say \`path\``)
  return { path: `${user.home}/.ssh/authorized_keys`, owner: { name, uid: user.uid, gid: user.gid } }
}

function linesAt(context: TypeContext, path: string): readonly string[] {
  return context.host.lstat(path)?.kind === 'file' ? fileOfOthers(context, path).lines : []
}

/** Type and key of a line, which name it whatever its options and comment are; null for no key. */
function idOf(line: string): string | null {
  const [, type, base64] = line.trimStart().startsWith('#') ? [] : (KEY.exec(line) ?? [])
  return type === undefined ? null : `${type} ${base64}`
}

/** The lines that should be there: those of others stay where they are. */
function linesWith(is: readonly string[], keys: readonly string[], ours: ReadonlySet<string>): string[] {
  const wanted = new Map(keys.map((line) => [idOf(line) ?? '', line]))
  const lines: string[] = []
  for (const line of is) {
    const id = idOf(line) ?? ''
    const replacement = wanted.get(id)
    if (replacement !== undefined) lines.push(replacement)
    // What an earlier version of the policy put there goes with it.
    else if (!ours.has(id)) lines.push(line)
    wanted.delete(id)
  }
  return [...lines, ...wanted.values()]
}

function write(context: TypeContext, place: Place, file: TextFile, lines: readonly string[], remembered: Value) {
  const { host } = context
  const { path, owner } = place
  const bytes = file.with(lines)
  const folder = folderOf(path)
  const newFolder = owner !== undefined && host.lstat(folder) === null
  const wishes =
    owner === undefined
      ? { freshMode: 0o644 }
      : { mode: '0600', owner: String(owner.uid), group: String(owner.gid), freshMode: 0o600 }
  return andThen(fileStep(context, { path, wanted: { bytes }, wishes }), (step): Verdict => {
    if (step === null) return KEPT
    return {
      ok: false,
      changes: lines.length === 0 ? ['no keys'] : step.changes,
      ...(step.diff === undefined ? {} : { diff: step.diff }),
      async apply() {
        if (newFolder) host.mkdir(folder, { mode: 0o700, uid: owner.uid, gid: owner.gid })
        await step.run(new Trace(null))
        context.remember(remembered)
      },
    }
  })
}

const ourKeys = (value: Value): ReadonlySet<string> => new Set(textsOf(fieldsOf(value)['keys']))

const madeFile = (value: Value): boolean => fieldsOf(value)['made'] === true

function pathIn(value: Value): string | null {
  const { path } = fieldsOf(value)
  return typeof path === 'string' ? path : null
}
