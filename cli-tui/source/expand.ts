import { expandCombinations, RESOURCE_TYPES } from '../../policies/index.ts'
import type { NodeRow } from '../../node/control/index.ts'
import type { Context } from '../command.ts'
import { CliError } from '../errors.ts'
import { contextOf } from '../mesh/select.ts'
import { listed, plural, safe } from '../out/text.ts'
import type { Built } from './compile.ts'

/**
 * Resolves a policy for every kind of node that is known here, so that a variable that nothing fills on some of them is noticed before it is published.
 * Nodes that were never heard are left out: their facts are not known.
 *
 * @throws CliError E_POLICY if some cannot resolve it, unless `partial`
 */
export function checkForNodes(context: Context, built: Built, nodes: readonly NodeRow[], partial: boolean): void {
  const { out } = context
  const heard = nodes.filter((node) => node.self || node.ageMs !== null)
  const paths = new Map(built.bundle.content.files.map((file) => [file.path, file]))
  const expansion = expandCombinations(built.policy, heard.map(contextOf), paths, RESOURCE_TYPES)
  for (const { node, error } of expansion.unclear)
    out.warn(`${safe(node)} is not selected, because its select fails there: ${safe(error.message)}`)
  const failing = expansion.combinations.filter((combination) => combination.errors.length > 0)
  for (const { nodes: names, errors } of failing) {
    out.note(`on ${listed(names.map((name) => safe(name)))}:`)
    for (const error of errors)
      out.note(
        `  ${out.paintNote('red', error.code)} ${error.resource === undefined ? '' : `${safe(error.resource)}: `}${safe(error.message)}`,
      )
  }
  const count = failing.reduce((sum, { nodes: names }) => sum + names.length, 0)
  if (count === 0) return
  const what = `${built.policy.policy} cannot be resolved on ${plural(count, 'node')}, shown above`
  if (partial) out.warn(`${what}; they keep what they have`)
  else
    throw new CliError(
      'E_POLICY',
      what,
      'Fill it in for them, or publish all the same with --partial; they keep what they have then.',
    )
}
