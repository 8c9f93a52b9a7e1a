import type { Value } from '../../policies/index.ts'
import type { Context, Invocation } from '../command.ts'
import { CliError, EXIT } from '../errors.ts'
import type { Exit } from '../errors.ts'
import { didYouMean } from '../input/suggest.ts'
import { daemonOf } from '../mesh/daemon.ts'
import { nodeNamed } from '../mesh/names.ts'
import { PolicyReader, policiesOn, shownAttributes } from '../mesh/resolved.ts'
import type { PolicyOnNode } from '../mesh/resolved.ts'
import type { Paint } from '../out/paint.ts'
import { plural, safe } from '../out/text.ts'
import { valueText } from '../out/terms.ts'

/** `chorus show --resolved --json`. */
export interface ShowResolvedOutput {
  readonly node: string
  readonly policies: readonly {
    readonly policy: string
    readonly seq: number | null
    readonly resources: readonly ResolvedOutput[]
    readonly waiting: readonly { readonly key: string; readonly reason: string }[]
    readonly errors: readonly { readonly code: string; readonly message: string }[]
  }[]
}
interface ResolvedOutput {
  readonly key: string
  /** A secret is its name in parentheses. */
  readonly attrs: Readonly<Record<string, Value>>
  readonly sensitive: boolean
  readonly onRemove: 'leave' | 'undo'
  readonly require: readonly string[]
  readonly before: readonly string[]
  readonly notify: readonly string[]
  readonly subscribe: readonly string[]
}

export async function run(context: Context, { args, options }: Invocation): Promise<Exit> {
  const client = await daemonOf(context)
  const { nodes } = await client.nodes()
  const name = options.text('node')
  const row = name === undefined ? nodes.find(({ self }) => self) : nodeNamed(nodes, name)
  if (row === undefined) throw new CliError('E_NOT_FOUND', 'this node is no member of the mesh', 'Give --node NAME.')
  const { policies } = await policiesOn(new PolicyReader(client), row)
  const [what] = args
  const asked = policies.filter(({ view }) => what === undefined || view.policy === what)
  if (what !== undefined && asked.length === 0) {
    const known = policies.map(({ view }) => view.policy)
    throw new CliError('E_NOT_FOUND', `no policy "${what}" is known here${didYouMean(what, known)}`)
  }
  const there = asked.filter(({ resolved }) => resolved !== null)
  if (what !== undefined && there.length === 0)
    throw new CliError('E_NOT_FOUND', `${what} is not in force on ${row.name}`, `See "chorus why ${row.name}".`)
  const data: ShowResolvedOutput = { node: row.name, policies: there.map(output) }
  context.out.result('resolved', data, human)
  return EXIT.done
}

function output({ view, resolved }: PolicyOnNode): ShowResolvedOutput['policies'][number] {
  return {
    policy: view.policy,
    seq: view.seq,
    resources: (resolved?.resources ?? []).map((resource) => {
      const { key, sensitive, onRemove, require, before, notify, subscribe } = resource
      return { key, attrs: shownAttributes(resource), sensitive, onRemove, require, before, notify, subscribe }
    }),
    waiting: (resolved?.waiting ?? []).map(({ key, reason }) => ({ key, reason })),
    errors: (resolved?.errors ?? []).map(({ code, message }) => ({ code, message })),
  }
}

function human({ node, policies }: ShowResolvedOutput, paint: Paint): string {
  if (policies.length === 0) return `No policy is in force on ${safe(node)}.\n`
  return policies
    .map(({ policy, seq, resources, waiting, errors }) => {
      const head = `${paint('bold', `${safe(policy)}@${seq ?? '?'}`)} on ${safe(node)}: ${plural(resources.length, 'resource')}\n`
      const waits = waiting.map(({ key, reason }) => `  ${safe(key)}  ${paint('yellow', safe(reason))}\n`)
      const wrong = errors.map(({ code, message }) => `  ${paint('red', code)} ${safe(message)}\n`)
      return head + resources.map((one) => resourceText(one, paint)).join('') + waits.join('') + wrong.join('')
    })
    .join('\n')
}

function resourceText(resource: ResolvedOutput, paint: Paint): string {
  const lines = [`  ${paint('bold', safe(resource.key))}:${resource.sensitive ? paint('dim', '  # sensitive') : ''}`]
  for (const [attr, value] of Object.entries(resource.attrs)) {
    const text = typeof value === 'string' ? value : valueText(value)
    if (text.includes('\n'))
      lines.push(
        `    ${attr}: |`,
        ...text
          .replace(/\n$/, '')
          .split('\n')
          .map((line) => `      ${safe(line)}`),
      )
    else lines.push(`    ${attr}: ${safe(text)}`)
  }
  for (const link of ['require', 'before', 'notify', 'subscribe'] as const)
    if (resource[link].length > 0) lines.push(`    ${link}: ${safe(resource[link].join(', '))}`)
  return lines.map((line) => `${line}\n`).join('')
}
