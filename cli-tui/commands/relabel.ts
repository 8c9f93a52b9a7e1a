import type { Context, Invocation } from '../command.ts'
import { CliError, EXIT } from '../errors.ts'
import type { Exit } from '../errors.ts'
import { checkNodeName } from '../input/name.ts'
import { daemonOf } from '../mesh/daemon.ts'
import { nodeNamed } from '../mesh/names.ts'

/** `chorus relabel --json`: the certificate that says so. */
export interface RelabelOutput {
  readonly id: string
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
}

export async function run(context: Context, { args, options }: Invocation): Promise<Exit> {
  const add = options.pairs('label')
  const remove = options.list('unlabel')
  const rename = options.text('name')
  if (Object.keys(add).length + remove.length === 0 && rename === undefined)
    throw new CliError('E_USAGE', 'nothing to change: give --name, --label or --unlabel')
  if (rename !== undefined) checkNodeName(rename)
  const client = await daemonOf(context)
  const node = nodeNamed((await client.nodes()).nodes, args[0] ?? '')
  const absent = remove.find((key) => node.labels[key] === undefined)
  if (absent !== undefined) throw new CliError('E_NOT_FOUND', `${node.name} has no label "${absent}"`)
  const labels = Object.fromEntries(Object.entries({ ...node.labels, ...add }).filter(([key]) => !remove.includes(key)))
  // `name~id` is how a clash shows; a certificate names the part before.
  const name = rename ?? node.name.split('~')[0] ?? node.name
  const made = await client.certify({ peer: node.key, name, labels })
  if (!made.counts)
    throw new CliError(
      'E_NOT_ALLOWED',
      `this node may not give ${name} these labels (${made.code ?? 'void'}); use an enroller whose labels cover them`,
    )
  context.out.result<RelabelOutput>(
    'relabel',
    { id: made.id, name, labels },
    (data) =>
      `${data.name}: ${
        Object.entries(data.labels)
          .map(([key, value]) => `${key}=${value}`)
          .join(' ') || 'no labels'
      }`,
  )
  return EXIT.done
}
