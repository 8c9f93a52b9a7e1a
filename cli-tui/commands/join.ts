import type { Context, Invocation } from '../command.ts'
import { CliError, EXIT } from '../errors.ts'
import type { Exit } from '../errors.ts'
import { firstLine, readFileOrStdin } from '../keys/passphrase.ts'
import { facts } from '../out/grid.ts'
import { safe } from '../out/text.ts'

/** `chorus join --json`. */
export interface JoinOutput {
  readonly mesh: string
  readonly node: {
    readonly name: string
    readonly id: string
    readonly key: string
    readonly labels: Readonly<Record<string, string>>
  }
  readonly stateDir: string
  /** The folder belonged to this mesh already, and has a new key now. */
  readonly rejoined: boolean
}

export async function run(context: Context, { args, options }: Invocation): Promise<Exit> {
  const token = await tokenOf(context, args[0], options.text('token-file'))
  const name = options.text('name')
  const { joinMesh } = await import('../../node/index.ts')
  const made = await joinMesh({ stateDir: context.stateDir, token, ...(name === undefined ? {} : { nodeName: name }) })
  const data: JoinOutput = {
    mesh: made.mesh,
    node: { name: made.name, id: made.id, key: made.key, labels: made.labels },
    stateDir: context.stateDir,
    rejoined: made.rejoined,
  }
  context.out.result('join', data, ({ node, stateDir, rejoined }, paint) => {
    const labels = Object.entries(node.labels).map(([key, value]) => `${key}=${value}`)
    const known = facts(paint, [
      ['node', `${paint('bold', safe(node.name))}  ${paint('dim', node.id)}`],
      ['labels', labels.length === 0 ? undefined : safe(labels.join(' '))],
      ['state', stateDir],
    ])
    return `${known}${rejoined ? 'This folder was a node of the mesh before; it has a new key now.\n' : ''}\nNext: chorus up\n`
  })
  return EXIT.done
}

async function tokenOf(context: Context, arg: string | undefined, file: string | undefined): Promise<string> {
  if (arg !== undefined && file !== undefined) throw new CliError('E_USAGE', 'give the token or --token-file, not both')
  const from = file ?? (arg === '-' ? '-' : undefined)
  if (from !== undefined) return firstLine((await readFileOrStdin(context.io, from)).trimStart(), '--token-file').trim()
  if (arg === undefined)
    throw new CliError('E_USAGE', 'a token is missing', 'On a member of the mesh, run: chorus invite')
  return arg.trim()
}
