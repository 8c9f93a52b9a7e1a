import type { Charter, Envelope } from '../../node/core/index.ts'
import type { CharterView } from '../../node/control/index.ts'
import type { Context, Invocation } from '../command.ts'
import { EXIT } from '../errors.ts'
import type { Exit } from '../errors.ts'
import { chartersOf } from '../mesh/charters.ts'
import { daemonOf } from '../mesh/daemon.ts'
import { facts, grid } from '../out/grid.ts'
import type { Paint } from '../out/paint.ts'
import { safe, short, stamp } from '../out/text.ts'

/** `chorus charter --json`. More than one charter in force are rivals. */
export interface CharterShowOutput {
  readonly mesh: string
  readonly inForce: readonly CharterLines[]
  /** With --all: every charter that led here, oldest first. */
  readonly history: readonly CharterLines[]
  readonly warnings: readonly { readonly code: string; readonly message: string }[]
}
interface CharterLines {
  readonly id: string
  readonly n: number
  readonly epoch: number
  readonly by: string
  readonly name: string
  readonly roots: { readonly keys: readonly string[]; readonly threshold: number }
  readonly recovery: { readonly keys: readonly string[]; readonly threshold: number }
  readonly enrollers: readonly {
    readonly key: string
    readonly name: string
    readonly labels: Readonly<Record<string, readonly string[]>>
  }[]
  readonly grants: readonly {
    readonly key: string
    readonly name: string
    readonly policies: readonly string[]
    readonly verbs: readonly string[]
    readonly selector: string
    readonly types: readonly string[] | null
    readonly paths: readonly string[] | null
    readonly expires: number | null
  }[]
  readonly past: readonly { readonly key: string; readonly was: string; readonly heads: number }[]
  readonly issuedAt: number
  readonly refreshBy: number
}

export async function run(context: Context, { options }: Invocation): Promise<Exit> {
  const client = await daemonOf(context)
  const [view, { nodes }] = [await client.charter(), await client.nodes()]
  const names = new Map(nodes.map((node) => [node.key, node.name]))
  const read = (rows: CharterView['tips']): CharterLines[] =>
    chartersOf(rows).map((envelope) => linesOf(envelope, names))
  const data: CharterShowOutput = {
    mesh: view.mesh,
    inForce: read(view.tips),
    history: options.flag('all') ? read(view.charters) : [],
    warnings: view.warnings.map(({ code, message }) => ({ code, message })),
  }
  context.out.result('charter', data, human)
  return EXIT.done
}

function linesOf({ id, body }: Envelope<Charter>, names: ReadonlyMap<string, string>): CharterLines {
  const { n, epoch, by, name, roots, recovery, enrollers, grants, past, issuedAt, refreshBy } = body
  return {
    id,
    n,
    epoch,
    by,
    name,
    roots,
    recovery,
    enrollers: enrollers.map(({ key, labels }) => ({ key, name: names.get(key) ?? '', labels })),
    grants: grants.map(({ key, name, policies, verbs, selector, types, paths, expires }) => ({
      key,
      name,
      policies,
      verbs,
      selector,
      types: types ?? null,
      paths: paths ?? null,
      expires: expires ?? null,
    })),
    past: past.map(({ key, was, heads }) => ({ key, was, heads: heads.length })),
    issuedAt,
    refreshBy,
  }
}

function human(data: CharterShowOutput, paint: Paint): string {
  const rivals =
    data.inForce.length > 1
      ? `${paint('red', `${data.inForce.length} rival charters are in force; what counts is what all of them allow. Run "chorus charter merge".`)}\n\n`
      : ''
  const warnings = data.warnings
    .map((warning) => `${paint('yellow', `! ${warning.code}`)} ${safe(warning.message)}\n`)
    .join('')
  const history = data.history
    .map((charter) => `${charter.n}  ${stamp(charter.issuedAt)}  ${charter.by}  ${paint('dim', short(charter.id))}\n`)
    .join('')
  return [
    `${rivals}${data.inForce.map((charter) => lines(charter, paint)).join('\n')}`,
    history === '' ? '' : `${paint('bold', 'History')}\n${history}`,
    warnings,
  ]
    .filter((part) => part !== '')
    .join('\n')
}

function lines(charter: CharterLines, paint: Paint): string {
  const set = ({ keys, threshold }: CharterLines['roots']): string =>
    `${threshold} of ${keys.length}: ${keys.map((key) => key.slice(0, 16)).join(' ')}`
  return [
    facts(paint, [
      ['charter', `${paint('bold', `${safe(charter.name)} ${charter.n}`)}  ${paint('dim', charter.id)}`],
      ['epoch', charter.epoch === 0 ? undefined : `${charter.epoch} (recovered)`],
      ['signed', `${stamp(charter.issuedAt)} by ${charter.by}`],
      ['refresh by', stamp(charter.refreshBy)],
      ['roots', set(charter.roots)],
      ['recovery', set(charter.recovery)],
    ]),
    grid(
      paint,
      [{ title: 'GRANT' }, { title: 'POLICIES' }, { title: 'MAY' }, { title: 'ON' }, { title: 'KEY' }],
      charter.grants.map((grant) => [
        safe(grant.name),
        safe(grant.policies.join(' ')),
        grant.verbs.join(' '),
        safe(`${grant.selector}${confined(grant)}`),
        paint('dim', grant.key.slice(0, 16)),
      ]),
    ),
    grid(
      paint,
      [{ title: 'ENROLLER' }, { title: 'LABELS' }, { title: 'KEY' }],
      charter.enrollers.map(({ key, name, labels }) => [
        safe(name) || '-',
        safe(
          Object.entries(labels)
            .map(([label, values]) => `${label}=${values.join('|')}`)
            .join(' '),
        ),
        paint('dim', key.slice(0, 16)),
      ]),
    ),
  ]
    .filter((part) => part !== '')
    .join('\n')
}

function confined(grant: CharterLines['grants'][number]): string {
  const parts = [
    ...(grant.types === null ? [] : [`types ${grant.types.join(',')}`]),
    ...(grant.paths === null ? [] : [`below ${grant.paths.join(',')}`]),
    ...(grant.expires === null ? [] : [`until ${stamp(grant.expires)}`]),
  ]
  return parts.length === 0 ? '' : `; ${parts.join('; ')}`
}
