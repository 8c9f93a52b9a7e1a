import { rolloutFor } from '../../policies/index.ts'
import type { NodeRow } from '../../node/control/index.ts'
import type { Context } from '../command.ts'
import { CliError } from '../errors.ts'
import { selectedKeys } from '../mesh/select.ts'
import { plural } from '../out/text.ts'
import type { Built } from './compile.ts'

/**
 * Nobody begins while the first wave is empty, so a version that comes in waves must find somebody in it.
 *
 * @throws CliError E_POLICY if it finds none, unless `partial`
 */
export function checkFirstWave(context: Context, { policy }: Built, nodes: readonly NodeRow[], partial: boolean): void {
  const [first] = rolloutFor(policy)?.waves ?? []
  if (first === undefined) return
  const selected = selectedKeys(nodes, policy.select)
  const among = nodes.filter(({ key }) => selected.has(key))
  const found = 'select' in first ? selectedKeys(among, first.select).size : among.length
  if (found > 0) return
  const chooses = 'select' in first ? `its first wave (${first.select})` : 'it'
  const what = `nobody would begin: ${chooses} chooses none of ${plural(among.length, 'node')} that ${policy.policy} is for`
  if (partial) context.out.warn(what)
  else throw new CliError('E_POLICY', what, 'Label a node, change the wave, or publish all the same with --partial.')
}
