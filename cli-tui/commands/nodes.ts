import { concernsHere } from '../../node/control/index.ts'
import type { ControlClient, NodeRow, Receipt } from '../../node/control/index.ts'
import type { Context, Invocation } from '../command.ts'
import { CliError, EXIT } from '../errors.ts'
import type { Exit } from '../errors.ts'
import { didYouMean } from '../input/suggest.ts'
import { daemonOf } from '../mesh/daemon.ts'
import { nodeNamed } from '../mesh/names.ts'
import { facts, grid } from '../out/grid.ts'
import { stateText } from '../out/health.ts'
import { outcomesText } from '../out/outcomes.ts'
import type { Paint } from '../out/paint.ts'
import { age, plural, safe, short, stamp } from '../out/text.ts'

/** `chorus nodes --json`. `ageMs` is the time since the last beacon that this node heard, null if never. */
export interface NodesOutput {
  readonly nodes: readonly NodeOutput[]
}
/** `chorus nodes NODE --json`. */
export interface NodeOutput {
  readonly name: string
  readonly id: string
  readonly key: string
  readonly labels: Readonly<Record<string, string>>
  readonly state: string
  readonly ageMs: number | null
  readonly agent: string | null
  readonly presence: string
  readonly provisional: boolean
  readonly self: boolean
  readonly addresses: readonly string[]
  readonly facts: Readonly<Record<string, unknown>>
  readonly policies: Readonly<
    Record<string, { readonly version: string; readonly state: string; readonly code?: string | undefined }>
  >
}

/** Converged, or not expected to be: held by a human, or a machine that comes and goes. */
const FINE: ReadonlySet<string> = new Set(['ok', 'held', 'away'])

const STATES = ['ok', 'behind', 'drift', 'failed', 'held', 'waiting', 'stale', 'away', 'down', 'unknown']

export async function run(context: Context, { args, options }: Invocation): Promise<Exit> {
  const wanted = options.text('state-is')
  if (wanted !== undefined && !STATES.includes(wanted)) {
    throw new CliError(
      'E_USAGE',
      `--state-is wants one of ${STATES.join(', ')}, not "${wanted}"${didYouMean(wanted, STATES)}`,
    )
  }
  const client = await daemonOf(context)
  const rows = (await client.nodes()).nodes
  const [one] = args
  if (one !== undefined && options.flag('runs')) return await showRuns(context, client, nodeNamed(rows, one))
  if (options.flag('runs')) throw new CliError('E_USAGE', '--runs wants one node: chorus nodes NODE --runs')
  if (one !== undefined) {
    context.out.result('node', outputOf(nodeNamed(rows, one)), detail)
    return EXIT.done
  }
  const selected = await matching(rows, options.text('select'))
  const nodes = selected.filter((row) => wanted === undefined || row.state === wanted).map(outputOf)
  context.out.result<NodesOutput>('nodes', { nodes }, table)
  if (nodes.length === 0 && !context.out.json) context.out.note('no node matches')
  return options.flag('check') && nodes.some(({ state }) => !FINE.has(state)) ? EXIT.notConverged : EXIT.done
}

/** The nodes that a policy with this `select` would reach. @throws PolicyError if the condition does not parse */
async function matching(rows: readonly NodeRow[], select: string | undefined): Promise<readonly NodeRow[]> {
  if (select === undefined) return rows
  const [{ checkSelector }, { selectedKeys }] = await Promise.all([
    import('../../policies/index.ts'),
    import('../mesh/select.ts'),
  ])
  checkSelector(select)
  const keys = selectedKeys(rows, select)
  return rows.filter((row) => keys.has(row.key))
}

function outputOf(row: NodeRow): NodeOutput {
  const { name, id, key, labels, state, ageMs, agent, presence, provisional, self, addrs, facts, policies } = row
  return { name, id, key, labels, state, ageMs, agent, presence, provisional, self, addresses: addrs, facts, policies }
}

function table({ nodes }: NodesOutput, paint: Paint): string {
  return grid(
    paint,
    [
      { title: 'NODE' },
      { title: 'STATE' },
      { title: 'SEEN', align: 'right' },
      { title: 'POLICIES', align: 'right' },
      { title: 'LABELS' },
      { title: 'ID' },
    ],
    [...nodes]
      .sort((a, b) => (a.name < b.name ? -1 : 1))
      .map((node) => [
        `${safe(node.name)}${node.self ? paint('dim', ' (here)') : ''}${node.provisional ? paint('yellow', ' provisional') : ''}`,
        stateText(paint, node.state),
        seen(node),
        `${Object.keys(node.policies).length}`,
        safe(labelText(node)),
        paint('dim', short(node.id)),
      ]),
  )
}

function detail(node: NodeOutput, paint: Paint): string {
  const policies = Object.entries(node.policies).map(([policy, at]) => [
    safe(policy),
    stateText(paint, at.state),
    short(at.version),
    at.code ?? '',
  ])
  return [
    facts(paint, [
      ['node', `${paint('bold', safe(node.name))}  ${stateText(paint, node.state)}${node.self ? '  (here)' : ''}`],
      ['id', node.id],
      ['key', node.key],
      ['labels', safe(labelText(node)) || '-'],
      ['seen', seen(node)],
      ['chorus', node.agent === null ? undefined : safe(node.agent)],
      ['presence', node.presence],
      ['certificate', node.provisional ? 'provisional: no enroller has confirmed it yet' : 'confirmed'],
      [
        'addresses',
        node.addresses.length === 0 ? 'none (outbound only, or not heard yet)' : safe(node.addresses.join('  ')),
      ],
      ...Object.entries(node.facts).map(
        ([name, value]) =>
          [`fact ${safe(name)}`, safe(typeof value === 'string' ? value : JSON.stringify(value))] as const,
      ),
    ]),
    policies.length === 0
      ? paint('dim', 'It has told of no policy.\n')
      : grid(paint, [{ title: 'POLICY' }, { title: 'STATE' }, { title: 'VERSION' }, { title: '' }], policies),
    paint('dim', `${plural(policies.length, 'policy', 'policies')}\n`),
  ].join('\n')
}

const seen = (node: NodeOutput): string =>
  node.self ? 'now' : node.ageMs === null ? 'never' : `${age(node.ageMs)} ago`
const labelText = (node: NodeOutput): string =>
  Object.entries(node.labels)
    .map(([key, value]) => `${key}=${value}`)
    .join(' ')

/** `chorus nodes NODE --runs --json`: what the node told when it was asked. */
export interface RunsOutput extends Receipt {
  readonly name: string
  readonly id: string
}

/** Asked of the node itself, over the mesh. Exit 3 if a policy of it is not as it should be. */
async function showRuns(context: Context, client: ControlClient, { name, id }: NodeRow): Promise<Exit> {
  const told = await client.receipt(id)
  context.out.result<RunsOutput>('runs', { name, id, ...told }, runsText)
  return told.policies.every(({ state }) => FINE.has(state)) ? EXIT.done : EXIT.notConverged
}

function runsText({ name, health, hold, policies, runs, cut }: RunsOutput, paint: Paint): string {
  const all = { planned: false, all: true }
  return [
    `${paint('bold', safe(name))}  ${stateText(paint, health)}${hold === null ? '' : paint('magenta', `  held: ${safe(hold.reason)}`)}\n`,
    ...policies
      .filter(concernsHere)
      .map(
        ({ policy, seq, state, reason, outcomes }) =>
          `${paint('bold', safe(policy))}${seq === null ? '' : `@${seq}`}  ${stateText(paint, state)}  ${safe(reason)}\n${outcomesText(paint, outcomes, all)}`,
      ),
    ...runs
      .filter(({ outcomes }) => outcomes.length > 0)
      .map(
        ({ at, why, ms, handsOff, outcomes }) =>
          `${paint('dim', stamp(at))}  run (${safe(why)}), ${ms} ms${handsOff === null ? '' : `, ${safe(handsOff)}: nothing was changed`}\n${outcomesText(paint, outcomes, all)}`,
      ),
    ...(cut.length === 0 ? [] : [paint('yellow', `left out because it was too much: ${cut.join(', ')}\n`)]),
  ].join('\n')
}
