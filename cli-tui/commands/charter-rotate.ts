import { randomBytes } from 'node:crypto'
import { resolve } from 'node:path'
import type { Charter, Key, KeySet } from '../../node/core/index.ts'
import { nextCharter } from '../../node/core/index.ts'
import { createSigner } from '../../node/index.ts'
import type { Context, Invocation } from '../command.ts'
import { CliError, EXIT } from '../errors.ts'
import type { Exit } from '../errors.ts'
import type { Options } from '../input/options.ts'
import { keyFileText, writePrivate } from '../keys/keyfile.ts'
import { newPassphrase, readFileOrStdin } from '../keys/passphrase.ts'
import { recoverySeed, recoveryText } from '../keys/recovery.ts'
import { rememberRootKey, rootKeyPath } from '../keys/signers.ts'
import { needed, signAndSend } from '../mesh/charter.ts'
import { daemonOf } from '../mesh/daemon.ts'
import { ledgerOf } from '../mesh/ledger.ts'
import { whoIs } from '../mesh/who.ts'
import type { Paint } from '../out/paint.ts'

export async function run(context: Context, { options }: Invocation): Promise<Exit> {
  const files = options.list('recovery-key')
  if (files.length === 0)
    throw new CliError(
      'E_USAGE',
      'only the recovery key can change roots: give --recovery-key FILE (- for the standard input)',
    )
  const client = await daemonOf(context)
  const ledger = await ledgerOf(client)
  const base = ledger.charters.current
  if (base === null) throw new CliError('E_NOT_FOUND', 'this node has no charter yet')
  const { recovery, name } = base.body
  const signers = await Promise.all(
    files.map(async (file) => createSigner(recoverySeed(await readFileOrStdin(context.io, file)))),
  )
  const stranger = signers.find((signer) => !recovery.keys.includes(signer.key))
  if (stranger !== undefined)
    throw new CliError(
      'E_KEY_FILE',
      'this is a recovery key, but not the one of this mesh (it may have been replaced since)',
    )
  const { nodes } = await client.nodes()
  const keyOf = (text: string): Key => whoIs(context, text, nodes).key
  const made = await newRoots(context, options, base.body, keyOf, name)
  const newSeed = options.flag('new-recovery') ? randomBytes(32) : undefined
  const next = nextCharter(ledger, {
    issuedAt: context.io.now(),
    by: 'recovery',
    roots: made.roots,
    ...(newSeed === undefined ? {} : { recovery: { keys: [createSigner(newSeed).key], threshold: 1 } }),
  })
  // The key must be safe before a charter exists that needs it.
  made.save()
  const recoveryKey = newSeed === undefined ? null : recoveryText(newSeed)
  // Before the charter is sent: once it is in force, nothing can show this key again.
  if (recoveryKey !== null && !context.out.json) context.io.stdout.write(newRecovery(recoveryKey, context.out.paint))
  await signAndSend(
    context,
    client,
    options.flag('void-old-roots') ? voidOldRoots(next, base.body) : next,
    signers,
    needed([recovery]),
    'roots replaced by recovery',
    { rootKeyFile: made.file, recoveryKey },
  )
  if (made.file !== null) rememberRootKey(context.stateDir, made.file)
  return EXIT.done
}

const newRecovery = (key: string, paint: Paint): string =>
  `${paint('yellow', 'New recovery key, shown this once and stored nowhere. Write it down:')}\n\n    ${paint('bold', key)}\n\nIt is in force as soon as the charter is. The old one must stay secret for ever: destroy it.\n\n`

/** Without --add-root and --remove-root one new key replaces all roots; with them the old list is edited. */
async function newRoots(
  context: Context,
  options: Options,
  { roots }: Charter,
  keyOf: (text: string) => Key,
  mesh: string,
): Promise<{ readonly roots: KeySet; readonly file: string | null; readonly save: () => void }> {
  const add = options.list('add-root').map(keyOf)
  const remove = options.list('remove-root').map(keyOf)
  const absent = remove.find((key) => !roots.keys.includes(key))
  if (absent !== undefined)
    throw new CliError('E_NOT_FOUND', `${absent} is no root of this mesh`, 'chorus charter lists the roots.')
  const keep = add.length + remove.length === 0 ? [] : roots.keys.filter((key) => !remove.includes(key))
  const named = [...new Set([...keep, ...add])]
  const seed = named.length === 0 ? randomBytes(32) : undefined
  const keys = seed === undefined ? named : [createSigner(seed).key]
  const threshold =
    options.count('threshold') ?? (add.length + remove.length === 0 ? 1 : Math.min(roots.threshold, keys.length))
  if (threshold > keys.length)
    throw new CliError('E_USAGE', `--threshold ${threshold} is more than the ${keys.length} roots there would be`)
  if (seed === undefined) return { roots: { keys, threshold }, file: null, save: () => undefined }
  const file = resolve(
    context.io.cwd,
    options.text('root-key') ?? `${rootKeyPath(context, mesh)}.${keys[0]?.slice(0, 8) ?? ''}.key`,
  )
  const text = keyFileText({ role: 'root', key: keys[0] ?? '', seed }, await newPassphrase(context.io, options))
  return { roots: { keys, threshold }, file, save: () => writePrivate(file, text) }
}

/** For a stolen root key: what it revoked counts no more. */
function voidOldRoots(next: Charter, before: Charter): Charter {
  const gone = new Set(before.roots.keys.filter((key) => !next.roots.keys.includes(key)))
  return {
    ...next,
    past: next.past.map((line) => (line.was === 'root' && gone.has(line.key) ? { ...line, heads: [] } : line)),
  }
}
