import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import type { ExportedFleet } from '../../topology-sim/index.ts'
import type { Context } from '../command.ts'
import { CliError, EXIT } from '../errors.ts'
import type { Exit } from '../errors.ts'
import { daemonOf } from '../mesh/daemon.ts'
import { writeWhole } from '../out/file.ts'
import { plural } from '../out/text.ts'

/** `chorus export --fleet FILE --json`. `unheard`: nodes whose facts are not known here. */
export interface FleetOutput {
  readonly file: string
  readonly mesh: string
  readonly nodes: number
  readonly unheard: number
}

/** Writes who is in the mesh, with labels and facts, for `chorus sim run --fleet`. No keys, no addresses, no records. */
export async function exportFleet(context: Context, shown: string, force: boolean): Promise<Exit> {
  const file = resolve(context.io.cwd, shown)
  if (existsSync(file) && !force)
    throw new CliError('E_FILE_EXISTS', `${shown} is there already`, 'Choose another name, or replace it with --force.')
  const client = await daemonOf(context)
  const [{ mesh }, { nodes }] = await Promise.all([client.status(), client.nodes()])
  const fleet: ExportedFleet = {
    v: 1,
    kind: 'fleet',
    mesh,
    nodes: nodes
      .toSorted((a, b) => (a.name < b.name ? -1 : 1))
      .map(({ name, labels, facts, presence, addrs, self }) => ({
        name,
        labels,
        // What came as JSON is JSON.
        facts: facts as ExportedFleet['nodes'][number]['facts'],
        presence,
        dialable: self || addrs.length > 0,
      })),
  }
  writeWhole(file, `${JSON.stringify(fleet, undefined, 1)}\n`)
  const unheard = nodes.filter(({ self, ageMs }) => !self && ageMs === null).length
  context.out.result<FleetOutput>(
    'fleet',
    { file, mesh, nodes: nodes.length, unheard },
    (data) =>
      `${data.file}: ${plural(data.nodes, 'node')}\nTry a policy on them: chorus sim run lan-100 --fleet ${shown} --policy DIR\n`,
  )
  if (unheard > 0) context.out.warn(`${plural(unheard, 'node')} was never heard here, so the facts are not known`)
  return EXIT.done
}
