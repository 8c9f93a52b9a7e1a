import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { explain, locateValue, POLICY_FILE } from '../../policies/index.ts'
import type { CompiledPolicy, ExplainedLayer, NodeContext, Value } from '../../policies/index.ts'
import type { Context, Invocation } from '../command.ts'
import { CliError, EXIT } from '../errors.ts'
import type { Exit } from '../errors.ts'
import type { Options } from '../input/options.ts'
import { daemonIfUp, daemonOf } from '../mesh/daemon.ts'
import { nodeNamed } from '../mesh/names.ts'
import { readPolicyOf } from '../mesh/resolved.ts'
import { contextOf } from '../mesh/select.ts'
import { grid } from '../out/grid.ts'
import type { Paint } from '../out/paint.ts'
import { safe } from '../out/text.ts'
import { valueText } from '../out/terms.ts'
import { buildFolder } from '../source/compile.ts'

/** `chorus explain --json`. */
export interface ExplainOutput {
  readonly policy: string
  readonly node: string
  /** Without the leading `vars.`. */
  readonly path: string
  /** Null if nothing gives one. */
  readonly value: Value
  /** The file whose word counts; null if all are silent. */
  readonly winner: string | null
  /** Files that a map was merged from. */
  readonly from: readonly string[]
  /** Lowest first. `file` is null where the node lacks a label of its name; `line` counts from 1, null if it is not known. */
  readonly layers: readonly {
    readonly pattern: string
    readonly file: string | null
    readonly line: number | null
    readonly says: ExplainedLayer['says']
    readonly value: Value
  }[]
}

export async function run(context: Context, { args, options }: Invocation): Promise<Exit> {
  const node = await nodeFor(context, options)
  const { policy, dir } = await policyFor(context, options, args[1])
  const { path, layers, value, winner, from } = explain(policy, node, args[0] ?? '')
  const data: ExplainOutput = {
    policy: policy.policy,
    node: node.node.name,
    path,
    value: value ?? null,
    winner: winner ?? null,
    from,
    layers: layers.map((layer) => ({
      pattern: layer.pattern,
      file: layer.file ?? null,
      line: dir === null ? null : lineOf(dir, layer, path),
      says: layer.says,
      value: layer.value ?? null,
    })),
  }
  context.out.result('explain', data, human)
  return EXIT.done
}

/** `--node` by the daemon; without one, a node made of `--label`s. */
async function nodeFor(context: Context, options: Options): Promise<NodeContext> {
  const name = options.text('node')
  const labels = options.pairs('label')
  if (Object.keys(labels).length > 0) return { labels, facts: {}, node: { name: name ?? '', id: '' } }
  const client = name === undefined ? await daemonIfUp(context) : await daemonOf(context)
  if (client === undefined)
    throw new CliError('E_USAGE', 'explain needs a node', 'Give --node NAME, or --label KEY=VALUE to make one up.')
  const { nodes } = await client.nodes()
  const row = name === undefined ? nodes.find(({ self }) => self) : nodeNamed(nodes, name)
  if (row === undefined) throw new CliError('E_NOT_FOUND', 'this node is no member of the mesh', 'Give --node NAME.')
  return contextOf(row)
}

/** The folder, whose lines are known, or the version of `--policy` that is in force here. */
async function policyFor(
  context: Context,
  options: Options,
  dir: string | undefined,
): Promise<{ readonly policy: CompiledPolicy; readonly dir: string | null }> {
  const name = options.text('policy')
  if (name === undefined) {
    const folder = dir ?? '.'
    const { policy } = await buildFolder(context, folder, options.pairs('set'))
    return { policy, dir: resolve(context.io.cwd, folder) }
  }
  const client = await daemonOf(context)
  const { versionsOf, currentOf } = await import('../mesh/versions.ts')
  const version = currentOf(await versionsOf(client, name))
  if (version?.bundle == null) throw new CliError('E_NOT_FOUND', `${name} has no version with a bundle here`)
  return { policy: (await readPolicyOf(client, version.bundle.cid)).policy, dir: null }
}

/** The line of the key, where the layer is a file of this folder; of the defaults, below `vars`. */
function lineOf(dir: string, { file, says }: ExplainedLayer, path: string): number | null {
  if (file === undefined || (says !== 'gives' && says !== 'deletes')) return null
  const own = file === 'vars' || file === 'vars of the policy'
  const name = own ? POLICY_FILE : file
  try {
    const text = readFileSync(join(dir, name), 'utf8')
    const parts = path.split('.')
    // A layer can delete what a value lies in: then that is the line.
    for (let length = parts.length; length > 0; length--) {
      const found = locateValue(name, text, [...(own ? ['vars'] : []), ...parts.slice(0, length)])
      if (found !== undefined) return found.line
    }
  } catch {
    // A program, a base in another folder, a value of --set: there is no line.
  }
  return null
}

const SAYS: Readonly<Record<ExplainedLayer['says'], string>> = {
  gives: '',
  deletes: 'deletes it (null)',
  silent: 'says nothing of it',
  'no label': 'the node has no such label',
  'no file': 'there is no such file',
}

function human(data: ExplainOutput, paint: Paint): string {
  const rows = data.layers.map(({ pattern, file, line, says, value }) => {
    const wins = file !== null && data.from.includes(file)
    const name = file === null ? pattern : file === 'vars' ? `${POLICY_FILE} vars` : file
    const place = line === null ? name : `${name}:${line}`
    const text = says === 'gives' ? safe(valueText(value)) : paint('dim', SAYS[says])
    return [wins ? paint('green', '→') : ' ', wins ? paint('bold', safe(place)) : safe(place), text]
  })
  const is =
    data.winner === null || data.value === null
      ? paint('yellow', data.winner === null ? 'nothing gives it a value' : `deleted by ${safe(data.winner)}`)
      : paint('bold', safe(valueText(data.value)))
  return `vars.${safe(data.path)} on ${safe(data.node)} is ${is}\n\n${grid(paint, [{ title: '' }, { title: 'LAYER' }, { title: 'SAYS' }], rows)}`
}
