import type { NodeRow } from '../../node/control/index.ts'
import { secretReaders } from '../../policies/index.ts'
import type { Context } from '../command.ts'
import { CliError } from '../errors.ts'
import { listed, safe } from '../out/text.ts'
import { readerOf } from '../secrets/folder.ts'
import { secretRows } from '../secrets/state.ts'
import type { SecretRow } from '../secrets/state.ts'
import type { Built } from './compile.ts'

/**
 * Says which nodes cannot read a secret of the policy yet: they would wait for it.
 * @throws CliError E_POLICY for a file that no node of this mesh can open, unless `partial`
 */
export function checkSecrets(
  context: Context,
  { policy, sources, dir }: Built,
  mesh: string,
  nodes: readonly NodeRow[],
  partial: boolean,
): void {
  if (policy.secrets === undefined) return
  const readers = secretReaders({ select: policy.select, secrets: policy.secrets }, nodes.map(readerOf))
  const read = (file: string): Uint8Array | undefined => {
    const source = sources.get(file)
    return source?.read(0, source.size)
  }
  const rows = secretRows({ policy: policy.policy, readers }, mesh, [...sources.keys()], read)
  for (const row of rows) for (const text of wanting(row, dir)) context.out.warn(text)
  const foreign = rows.filter(({ state }) => state === 'damaged').map(({ file }) => safe(file))
  if (foreign.length === 0 || partial) return
  throw new CliError(
    'E_POLICY',
    `${listed(foreign)} cannot be opened by any node of this mesh: it was made for another mesh, policy or name`,
    'Set the value here with "chorus secret set FILE".',
  )
}

function wanting({ name, file, state, missing, keyless }: SecretRow, dir: string): string[] {
  const who = listed([...missing, ...keyless].sort().map((one) => safe(one)))
  if (who === '') return []
  if (state === 'absent') return [`${who} will wait: ${safe(name)} has no value in ${safe(file)}`]
  return [`${who} cannot read ${safe(file)} and will wait for ${safe(name)}: chorus secret rekey ${safe(dir)}`]
}
