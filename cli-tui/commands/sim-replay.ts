import { Driver, msText, parseTime, watch, type NodeReport, type RunResult } from '../../topology-sim/index.ts'
import type { Context, Invocation } from '../command.ts'
import { CliError, EXIT } from '../errors.ts'
import type { Exit } from '../errors.ts'
import { didYouMean } from '../input/suggest.ts'
import { facts, grid } from '../out/grid.ts'
import type { Paint } from '../out/paint.ts'
import { bytes, listed, safe, short } from '../out/text.ts'
import { setupOf } from '../sim/once.ts'
import { prepare, type SimRequest } from '../sim/prepare.ts'
import { runsAt } from '../sim/run-files.ts'

/** `chorus sim replay --json`. Times are virtual milliseconds since the start. */
export interface SimReplayOutput {
  readonly scenario: string
  readonly seed: number
  readonly atMs: number
  readonly traceHash: string
  /** At its end: whether this was the same run. Null before. */
  readonly same: boolean | null
  readonly converged: { readonly nodes: number; readonly converged: number }
  readonly node:
    | (Omit<NodeReport, 'spec'> & {
        readonly region: string
        readonly group: string
        readonly labels: object
        readonly facts: object
      })
    | null
  readonly seen: number
  readonly events: readonly EventOutput[]
}
interface EventOutput {
  readonly atMs: number
  readonly node: string
  readonly from: string | null
  readonly kind: string
  readonly record: string | null
  readonly text: string
}

const LIMIT = 40

export async function run(context: Context, { args, options }: Invocation): Promise<Exit> {
  const { io, out } = context
  const file = args[0] ?? ''
  const [was, ...others] = runsAt(io.cwd, file)
  if (was === undefined || others.length > 0)
    throw new CliError('E_USAGE', `${file} holds several runs`, 'Name the run.json of one of them.')
  const { again } = was
  const request: SimRequest = { ...again, cwd: io.cwd, seed: was.seed }
  const prepared = prepare(request, (text) => out.note(text))
  if (prepared.again.digest !== again.digest)
    out.warn(`${again.file} or what it publishes is not what it was in that run, so this is another run`)
  const atMs = timeOf(options.text('at'))
  const driver = new Driver(await setupOf(prepared))
  const node = nodeNamed(driver, options.text('node'))
  const record = recordNamed(was, options.text('record'))
  const wanted = { ...(node === undefined ? {} : { node }), ...(record === undefined ? {} : { record }) }
  const tail =
    node === undefined && record === undefined
      ? undefined
      : watch(driver.world, wanted, options.count('limit') ?? LIMIT)
  const progress = out.progress('replaying')
  try {
    await driver.run({
      signal: io.signal,
      ...(atMs === undefined ? {} : { untilMs: atMs }),
      pause: async () => {
        progress.update(
          `replaying: ${msText(driver.world.nowMs)} of ${msText(Math.min(atMs ?? was.endedMs, was.endedMs))}`,
        )
        await new Promise((done) => setImmediate(done))
      },
    })
  } finally {
    progress.stop()
  }
  const { world } = driver
  const data: SimReplayOutput = {
    scenario: was.scenario,
    seed: was.seed,
    atMs: world.nowMs,
    traceHash: world.traceHash,
    same: atMs === undefined ? world.traceHash === was.traceHash : null,
    converged: world.converged(),
    node: node === undefined ? null : stateOf(driver, node),
    seen: tail?.count ?? 0,
    events: (tail?.lines ?? []).map((line) => ({
      atMs: line.atMs,
      node: world.nameOf(line.node),
      from: line.from === undefined ? null : world.nameOf(line.from),
      kind: line.kind,
      record: line.record ?? null,
      text: line.text,
    })),
  }
  out.result('sim-replay', data, human)
  if (io.signal.aborted) return EXIT.error
  if (data.same === false)
    out.warn('its trace differs from that of the run: another version of chorus, or another scenario')
  return data.same === false ? EXIT.notConverged : EXIT.done
}

/** Virtual time may be a fraction: `12.5s`. @throws CliError E_USAGE */
function timeOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const ms = parseTime(text)
  if (ms === undefined) throw new CliError('E_USAGE', `--at wants a time such as 12.5s, 500ms or 2m, not "${text}"`)
  return ms
}

/** By its name, or by its number. @throws CliError E_NOT_FOUND */
function nodeNamed({ world, fleet }: Driver, text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  if (/^\d+$/.test(text) && Number(text) < world.nodes) return Number(text)
  for (let node = 0; node < fleet.size; node++) if (fleet.at(node).name === text) return node
  const some = Array.from({ length: Math.min(fleet.size, 2_000) }, (_, node) => fleet.at(node).name)
  throw new CliError(
    'E_NOT_FOUND',
    `no node of this fleet is called "${text}"${didYouMean(text, some)}`,
    `Nodes are ${some[0] ?? ''} and so on, or numbers from 0 to ${world.nodes - 1}.`,
  )
}

/** A version of that run by its id or the start of it; any other id is taken as it is. */
function recordNamed({ publications }: RunResult, text: string | undefined): string | undefined {
  if (text === undefined) return undefined
  const found = publications.flatMap(({ version }) => (version?.startsWith(text) === true ? [version] : []))
  if (new Set(found).size > 1)
    throw new CliError('E_AMBIGUOUS', `several versions of this run start with "${text}"`, found.join('\n'))
  return found[0] ?? text
}

function stateOf({ world, fleet }: Driver, node: number): SimReplayOutput['node'] {
  const { spec, ...report } = world.inspect(node)
  return { ...report, region: fleet.regionOf(node), group: fleet.groupOf(node), labels: spec.labels, facts: spec.facts }
}

function human({ scenario, seed, atMs, same, converged, node, seen, events }: SimReplayOutput, paint: Paint): string {
  const end = same === null ? '' : same ? paint('green', ', the same run to its end') : ''
  const head = `${paint('bold', safe(scenario))}\n${paint('dim', `seed ${seed}, stopped at ${msText(atMs)}: ${converged.converged} of ${converged.nodes} nodes have converged${end}`)}\n`
  const lines = events.map(
    (event) =>
      `  ${msText(event.atMs).padStart(9)}  ${safe(event.node)}  ${paint('cyan', event.kind)}${event.from === null ? '' : ` from ${safe(event.from)}`}  ${safe(event.text)}\n`,
  )
  const title =
    seen === 0
      ? ''
      : `${paint('bold', seen > events.length ? `The last ${events.length} of ${seen} events` : 'Events')}\n`
  return [head, node === null ? '' : stateText(node, paint), lines.length === 0 ? '' : title + lines.join('')]
    .filter((part) => part !== '')
    .join('\n')
}

/** Of what feeds hold: the last line of a ledger's text. */
function digestOf(ledger: string): string {
  return short(ledger.trimEnd())
}

function stateText(node: NonNullable<SimReplayOutput['node']>, paint: Paint): string {
  const pairs = Object.entries(node.labels).map(([key, value]) => `${key}=${String(value)}`)
  return [
    facts(paint, [
      ['node', `${paint('bold', safe(node.name))}  ${node.node}, ${node.status}, ${node.health}`],
      ['stale', node.stale ?? undefined],
      ['group', `${safe(node.group)} in ${safe(node.region)}`],
      ['labels', safe(pairs.join(' ')) || '-'],
      ['clock', node.clockAheadMs === 0 ? 'right' : `${node.clockAheadMs / 1000} s off`],
      ['neighbours', listed(node.neighbours.map((name) => safe(name)))],
      ['in its mesh', listed(node.mesh.map((name) => safe(name)))],
      [
        'ledger',
        `${node.pools.records} records, digest ${digestOf(node.ledger)}, ${node.pools.pending} pending, ${node.pools.held} held, ${node.pools.gaps} gaps`,
      ],
      ['bundles', `${node.bundles.length}`],
      ['traffic', `${bytes(node.bytesIn)} in, ${bytes(node.bytesOut)} out`],
    ]),
    grid(
      paint,
      [{ title: 'POLICY' }, { title: 'STATE' }, { title: 'IN FORCE' }, { title: 'WANTED' }, { title: '' }],
      node.policies.map(({ policy, state, inForce, winner, code, reason }) => [
        safe(policy),
        state,
        inForce === null ? '-' : short(inForce),
        winner === null ? '-' : short(winner),
        safe([code ?? '', reason].filter(Boolean).join(': ')),
      ]),
    ),
  ].join('\n')
}
