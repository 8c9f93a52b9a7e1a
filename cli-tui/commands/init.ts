import { existsSync } from 'node:fs'
import { hostname } from 'node:os'
import { join, resolve } from 'node:path'
import type { Context, Invocation } from '../command.ts'
import { CliError, EXIT } from '../errors.ts'
import type { Exit } from '../errors.ts'
import { checkNodeName } from '../input/name.ts'
import { keyFileText, writePrivate } from '../keys/keyfile.ts'
import { newPassphrase } from '../keys/passphrase.ts'
import { recoveryText } from '../keys/recovery.ts'
import { rememberRootKey, rootKeyPath } from '../keys/signers.ts'
import { facts } from '../out/grid.ts'
import type { Paint } from '../out/paint.ts'

/** `chorus init --json`. `recoveryKey` is null when it went to a file. */
export interface InitOutput {
  readonly mesh: { readonly id: string; readonly name: string }
  readonly node: { readonly name: string; readonly id: string; readonly key: string }
  readonly stateDir: string
  readonly rootKeyFile: string
  readonly recoveryKey: string | null
  readonly recoveryFile: string | null
}

/** Names travel in records and file names. */
const NAME = /^[a-z0-9][a-z0-9._-]{0,62}$/i

export async function run(context: Context, { args, options }: Invocation): Promise<Exit> {
  const { io, stateDir } = context
  const name = args[0] ?? ''
  if (!NAME.test(name))
    throw new CliError('E_USAGE', `"${name}" cannot name a mesh: use letters, digits, dots and dashes, at most 63`)
  if (existsSync(join(stateDir, 'node.key'))) {
    throw new CliError(
      'E_STATE_EXISTS',
      `${stateDir} already belongs to a node`,
      'Start it with "chorus up", or choose another folder with --state DIR.',
    )
  }
  const rootKeyFile = resolve(io.cwd, options.text('root-key') ?? rootKeyPath(context, name))
  if (rootKeyFile.startsWith(`${stateDir}/`))
    throw new CliError(
      'E_USAGE',
      `the root key must not be in the state folder, where the daemon could read it: not ${rootKeyFile}`,
    )
  const recoveryFile = options.text('recovery-file')
  const recoveryPath = recoveryFile === undefined ? undefined : resolve(io.cwd, recoveryFile)
  for (const path of [rootKeyFile, recoveryPath]) {
    if (path !== undefined && existsSync(path))
      throw new CliError(
        'E_FILE_EXISTS',
        `${path} exists already, and a key is never overwritten`,
        'Choose another file, or move this one away.',
      )
  }
  const passphrase = await newPassphrase(io, options)
  const nodeName = checkNodeName(options.text('name') ?? hostname())
  const { initMesh } = await import('../../node/index.ts')
  const made = await initMesh({
    stateDir,
    name,
    nodeName,
    labels: options.pairs('label'),
    saveRoot: ({ key, seed }) => writePrivate(rootKeyFile, keyFileText({ role: 'root', key, seed }, passphrase)),
  })
  rememberRootKey(stateDir, rootKeyFile)
  const recovery = recoveryText(made.recovery.seed)
  if (recoveryPath !== undefined) writePrivate(recoveryPath, `${recovery}\n`)
  context.out.result<InitOutput>(
    'init',
    {
      mesh: { id: made.mesh, name },
      node: { name: nodeName, id: made.id, key: made.key },
      stateDir,
      rootKeyFile,
      recoveryKey: recoveryPath === undefined ? recovery : null,
      recoveryFile: recoveryPath ?? null,
    },
    human,
  )
  return EXIT.done
}

function human(data: InitOutput, paint: Paint): string {
  const known = facts(paint, [
    ['mesh', `${paint('bold', data.mesh.name)}  ${paint('dim', data.mesh.id)}`],
    ['node', `${data.node.name}  ${paint('dim', data.node.id)}`],
    ['state', data.stateDir],
    ['root key', data.rootKeyFile],
    ['recovery', data.recoveryFile ?? 'below'],
  ])
  const recovery =
    data.recoveryKey === null
      ? `Move ${data.recoveryFile} to a safe place off this machine.`
      : `${paint('yellow', 'Recovery key, shown this once and stored nowhere. Write it down:')}\n\n    ${paint('bold', data.recoveryKey)}\n\nWhoever has it can take over the mesh; without it a lost root key cannot be replaced.`
  return `${known}\n${recovery}\n\nNext: chorus up\n`
}
