import type { ControlClient, NodeRow } from '../../node/control/index.ts'
import type { SharedClaim } from '../../policies/index.ts'
import type { Context } from '../command.ts'
import { CliError } from '../errors.ts'
import { listed, plural, safe } from '../out/text.ts'
import { combinationsOf } from './combinations.ts'
import type { Built } from './compile.ts'

/**
 * Other policies that claim the same with other content, on the nodes that are known here: refused, since one of the two
 * would silently not be what its author wrote. Where priorities differ somebody has decided it; that is only said.
 *
 * @throws CliError E_POLICY, unless `partial`
 */
export async function checkClaims(
  context: Context,
  client: ControlClient,
  { policy, bundle }: Built,
  nodes: readonly NodeRow[],
  partial: boolean,
): Promise<void> {
  const files = new Map(bundle.content.files.map((file) => [file.path, file]))
  const { combinations } = await combinationsOf(client, { policy, files }, nodes)
  const found = new Map<string, { readonly claim: SharedClaim; readonly nodes: string[] }>()
  for (const { claims } of combinations) {
    for (const { nodes: names, ...claim } of claims) {
      if (claim.equal) continue
      const known = found.get(textOf(claim))
      if (known === undefined) found.set(textOf(claim), { claim, nodes: [...names] })
      else known.nodes.push(...names)
    }
  }
  for (const [text, { claim, nodes: names }] of found) {
    const where = `${text} (on ${listed(names.map((name) => safe(name)))})`
    if (claim.decided) context.out.note(`by priority, ${where}`)
    else context.out.warn(where)
  }
  const open = [...found.values()].filter(({ claim }) => !claim.decided)
  if (open.length === 0 || partial) return
  throw new CliError(
    'E_POLICY',
    `${policy.policy} is in conflict with other policies about ${plural(open.length, 'resource')}, shown above`,
    'Let one of them have it, say who wins with priority (the lower number), or publish all the same with --partial.',
  )
}

function textOf({ claim, winner, other }: SharedClaim): string {
  const what = claim.slice(claim.indexOf(':') + 1)
  return `${safe(what)}: ${safe(winner.key)} of ${safe(winner.policy)} wins over ${safe(other.key)} of ${safe(other.policy)}`
}
