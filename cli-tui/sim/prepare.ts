import { createHash } from 'node:crypto'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { basename, dirname, resolve } from 'node:path'
import { checkSelector, formatDiagnostic, PolicyError, type Diagnostic } from '../../policies/index.ts'
import {
  compileForFleet,
  parseFleet,
  readScenario,
  scaleTo,
  topologyProblems,
  withPolicies,
  type ExportedNode,
  type PolicyBundle,
  type RunAgain,
  type Scenario,
} from '../../topology-sim/index.ts'
import { CliError } from '../errors.ts'
import { nearest } from '../input/suggest.ts'
import { plural, safe } from '../out/text.ts'
import { diagnosticText } from '../source/compile.ts'
import { folderSource } from '../source/folder.ts'
import { readyScenarios } from './ready.ts'

/** What to run, as it was typed; plain data, so that it can be given to a thread and kept in a result. */
export interface SimRequest extends Omit<RunAgain, 'digest'> {
  readonly cwd: string
  readonly seed: number | null
}

export interface Prepared {
  readonly scenario: Scenario
  readonly bundles: ReadonlyMap<string, PolicyBundle>
  readonly again: RunAgain
}

/** A file of a scenario at most; edge lists of large fleets are the largest. */
const FILE_BYTES_MAX = 64 * 1024 * 1024

/**
 * Reads and checks everything that a run needs. Mistakes go to `note`, each with its place.
 * @throws CliError E_NOT_FOUND, E_SCENARIO, E_POLICY, E_USAGE, E_IO
 */
export function prepare(request: SimRequest, note: (text: string) => void): Prepared {
  const path = scenarioPath(request)
  const text = readText(path)
  const folder = dirname(path)
  const exported = request.fleet === null ? undefined : fleetOf(resolve(request.cwd, request.fleet), request.fleet)
  const read = readScenario(request.file, text, {
    readFile: (name) => (existsSync(resolve(folder, name)) ? readText(resolve(folder, name)) : undefined),
    isFolder: (name) => statSync(resolve(folder, name), { throwIfNoEntry: false })?.isDirectory() === true,
    ...(exported === undefined ? {} : { exported }),
  })
  if (read.scenario === undefined) throw mistakes('E_SCENARIO', request.file, read.diagnostics, formatShown, note)
  tellOfPlaces(read.scenario, note)
  const seeded = request.seed === null ? read.scenario : { ...read.scenario, seed: request.seed }
  const scaled = atSize(seeded, request.nodes)
  if (request.fail !== null) checkCondition(request.fail)
  const folders = new Map(request.policies.map((dir) => [basename(resolve(request.cwd, dir)), dir]))
  const scenario = folders.size === 0 ? scaled : withPolicies(scaled, Object.fromEntries(folders))
  const bundles = compileAll(scenario, folder, folders, request.cwd, note)
  const parts = [JSON.stringify({ ...scenario, seed: 0 }), ...[...bundles].map(([name, { cid }]) => `${name} ${cid}`)]
  const { file, nodes, fleet, policies, fail } = request
  const digest = createHash('sha256').update(parts.join('\n')).digest('hex')
  return { scenario, bundles, again: { file, nodes, fleet, policies, fail, digest } }
}

/** Nodes of a real mesh do not say where a scenario's regions are. */
function tellOfPlaces({ exported, regions }: Scenario, note: (text: string) => void): void {
  const names = Object.keys(regions)
  if (exported === null || names.length < 2 || Object.values(regions).some(({ match }) => match !== undefined)) return
  note(
    `All nodes of the fleet are in region ${names[0]}, as no region says which of them it has (${names.join(', ')}). ` +
      "Copy the scenario and add, as in eu: {match: labels.region == 'eu'}.",
  )
}

const formatShown = (item: Diagnostic): string => safe(formatDiagnostic(item), true)

/** The file itself, or a ready scenario of that name. */
function scenarioPath({ file, cwd }: SimRequest): string {
  const path = resolve(cwd, file)
  if (existsSync(path)) return path
  const ready = readyScenarios()
  const named = ready.find(({ name }) => name === file)
  if (named !== undefined) return named.path
  const meant = nearest(
    file,
    ready.map(({ name }) => name),
  )
  const guess = meant === undefined ? '' : ` Did you mean ${meant}?`
  throw new CliError(
    'E_NOT_FOUND',
    `there is no file and no ready scenario "${file}".${guess}`,
    'chorus sim list shows the ready ones.',
  )
}

function readText(path: string): string {
  const { size } = statSync(path)
  if (size > FILE_BYTES_MAX)
    throw new CliError('E_SCENARIO', `${path} is larger than ${FILE_BYTES_MAX / 1024 ** 2} MiB`)
  return readFileSync(path, 'utf8')
}

function fleetOf(path: string, shown: string): readonly ExportedNode[] {
  const fleet = parseFleet(readText(path))
  if (typeof fleet === 'string')
    throw new CliError(
      'E_SCENARIO',
      `${shown} cannot be used as a fleet: ${fleet}`,
      'Make one with: chorus export --fleet FILE',
    )
  return fleet.nodes
}

function atSize(scenario: Scenario, nodes: number | null): Scenario {
  if (nodes === null) return scenario
  let scaled: Scenario
  try {
    scaled = scaleTo(scenario, nodes)
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    throw new CliError('E_USAGE', `--nodes ${nodes} does not fit this scenario: ${error.message}`)
  }
  const [problem] = topologyProblems(scaled)
  if (problem !== undefined)
    throw new CliError('E_USAGE', `--nodes ${nodes} does not fit this scenario: ${problem.message}`, problem.hint)
  return scaled
}

/** @throws CliError E_USAGE */
function checkCondition(text: string): void {
  try {
    checkSelector(text)
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error
    throw new CliError(
      'E_USAGE',
      `--fail: ${error.message}`,
      error.hint ?? 'As in --fail "facts.os.version == \'11\'".',
    )
  }
}

/** Only what is published is compiled. Folders of the scenario are relative to its file, those of `--policy` to where it was typed. */
function compileAll(
  scenario: Scenario,
  folder: string,
  typed: ReadonlyMap<string, string>,
  cwd: string,
  note: (text: string) => void,
): Map<string, PolicyBundle> {
  const bundles = new Map<string, PolicyBundle>()
  const wanted = new Set(scenario.events.flatMap((event) => publishedBy(event)))
  for (const [name, part] of Object.entries(scenario.policies)) {
    if (!wanted.has(name)) continue
    const shown = typed.get(name) ?? part.folder
    const dir = shown === undefined ? undefined : resolve(typed.has(name) ? cwd : folder, shown)
    const { bundle, diagnostics } = compileForFleet(
      name,
      part,
      dir === undefined ? undefined : folderSource(dir),
      (bytes) => createHash('sha256').update(bytes).digest(),
    )
    if (bundle === undefined)
      throw mistakes(
        'E_POLICY',
        shown ?? `the policy '${name}'`,
        diagnostics,
        (item) => diagnosticText(shown ?? '', item),
        note,
      )
    bundles.set(name, bundle)
  }
  return bundles
}

function publishedBy(event: Scenario['events'][number]): string[] {
  if (event.kind === 'publish' || event.kind === 'retire') return [event.what]
  return event.kind === 'steal-key' || event.kind === 'restore-publisher' ? [event.more.publishes] : []
}

function mistakes(
  code: 'E_SCENARIO' | 'E_POLICY',
  what: string,
  diagnostics: readonly Diagnostic[],
  shown: (item: Diagnostic) => string,
  note: (text: string) => void,
): CliError {
  for (const item of diagnostics) note(shown(item))
  const them = diagnostics.length === 1 ? 'it' : 'them'
  return new CliError(
    code,
    `${what} has ${plural(diagnostics.length, 'mistake')}, shown above; correct ${them} and try again`,
  )
}
