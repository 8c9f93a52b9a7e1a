import { LIMITS } from '../limits.ts'
import type { CompiledPolicy, SecretSource, SourcePlace } from '../model.ts'
import { readSecrets } from '../secrets/declare.ts'
import { ComponentReader, type ReadComponents } from './components.ts'
import { nodeOfValue } from './define.ts'
import { Report, type Diagnostic } from './diagnostic.ts'
import { RESOURCE_ROOTS, type Names } from './expressions.ts'
import { readExtras } from './extras.ts'
import { Folder } from './folder.ts'
import { readAfter, readName, readSelect } from './head.ts'
import { checkPolicyKeys } from './keys.ts'
import { loadExtended, POLICY_FILE, type Loaded, type Reach } from './load.ts'
import { checkReferences } from './references.ts'
import { readResources } from './resources.ts'
import type { PolicySource, SourceFile } from './source.ts'
import type { TypeTable } from './types.ts'
import { readVariables } from './variables.ts'
import { complain, type Work } from './work.ts'
import { readYaml, type YamlNode } from './yaml.ts'

export interface CompileOptions {
  readonly types: TypeTable
  /** Values of `--set`: variable (or a path into one) to YAML text. */
  readonly set?: Readonly<Record<string, string>>
}

export interface Compiled {
  /** Undefined if there is any diagnostic. */
  readonly policy: CompiledPolicy | undefined
  /** What it says of itself and its secrets, as far as that is right: their files are made before it compiles. */
  readonly declared:
    | (Pick<CompiledPolicy, 'policy' | 'select'> & { readonly secrets: Readonly<Record<string, SecretSource>> })
    | undefined
  /** Files that the bundle carries, by path. Templates and data layers are part of the policy itself. */
  readonly files: ReadonlyMap<string, SourceFile>
  /** Everything that is wrong, by file and line. */
  readonly diagnostics: readonly Diagnostic[]
}

/** The file that a policy written as a program is in, as messages name it. */
export const PROGRAM_FILE = 'policy.ts'

/**
 * Compiles a policy folder. The same folder gives the same result in any order of its files, on any machine.
 * Never throws for what a policy can contain: everything that is wrong is in `diagnostics`.
 */
export function compile(source: PolicySource, options: CompileOptions): Compiled {
  const report = new Report()
  const folder = new Folder(source, report)
  const top: SourcePlace = { file: POLICY_FILE, line: 1, column: 1 }
  const text = report.empty ? folder.text(POLICY_FILE, LIMITS.yamlBytes, top) : undefined
  const node = text === undefined ? undefined : readYaml(POLICY_FILE, text, report)
  return compileNode({ report, folder, types: options.types }, { source, report }, POLICY_FILE, node, options)
}

/**
 * Compiles what a program exported as its policy (see `definePolicy`), with the files of its folder. Its bundle is that
 * of the same policy in YAML.
 */
export function compileDocument(document: unknown, source: PolicySource, options: CompileOptions): Compiled {
  const report = new Report()
  const folder = new Folder(source, report)
  const node = nodeOfValue(document, PROGRAM_FILE, report)
  return compileNode({ report, folder, types: options.types }, { source, report }, PROGRAM_FILE, node, options)
}

function compileNode(
  work: Work,
  reach: Reach,
  file: string,
  node: YamlNode | undefined,
  options: CompileOptions,
): Compiled {
  const { report, folder } = work
  if (node?.kind !== 'map') {
    const top = { file, line: 1, column: 1 }
    if (report.empty)
      report.add('E_VALUE', top, 'a policy is a map that starts with policy: NAME', 'See policies/examples.')
    return { policy: undefined, declared: undefined, files: new Map(), diagnostics: report.list() }
  }
  const { policy, files } = readPolicy(work, reach, loadExtended(reach, node, folder, ''), options)
  const { policy: name, select, secrets = {} } = policy
  return {
    policy: report.empty ? policy : undefined,
    declared: name === '' || select === '' ? undefined : { policy: name, select, secrets },
    files: new Map([...folder.used, ...files]),
    diagnostics: report.list(),
  }
}

function readPolicy(
  work: Work,
  reach: Reach,
  { top, whole, levels }: Loaded,
  { set = {} }: CompileOptions,
): { readonly policy: CompiledPolicy; readonly files: ReadonlyMap<string, SourceFile> } {
  const at = (key: string): YamlNode | undefined => top.entries.find((entry) => entry.key === key)?.value
  checkPolicyKeys(work, top.entries)
  const name = readName(work, at('policy'), top)
  const variables = readVariables(work, at('vars'), levels, set)
  const declared = readSecrets(work, at('secrets'), name)
  const secrets = new Set(at('secrets') === undefined ? [] : namesIn(at('secrets')))
  const outer: Names = { roots: [...RESOURCE_ROOTS, 'secrets'], vars: variables.names, secrets }
  const components = readComponents(work, reach, at('components'), outer)
  const resourcesNode = at('resources')
  const read = resourcesNode === undefined ? undefined : readResources(work, resourcesNode, outer)
  if (read === undefined && at('components') === undefined && whole)
    complain(work, top, 'E_VALUE', 'the policy has no resources', 'Write resources: {} if that is meant.')
  const keys = [...(read?.keys ?? []), ...(components?.keys ?? [])]
  checkTwice(work, top, keys)
  checkReferences(keys, [...(read?.references ?? []), ...(components?.references ?? [])], work.report)
  const resources = [...(read?.resources ?? []), ...(components?.resources ?? [])]
  if (resources.length > LIMITS.resources) {
    complain(work, top, 'E_TOO_LARGE', `the policy has ${resources.length} resources, the limit is ${LIMITS.resources}`)
  }
  const policy: CompiledPolicy = {
    v: 1,
    policy: name,
    select: at('select') === undefined && !whole ? '' : readSelect(work, at('select'), top),
    after: readAfter(work, at('after')),
    vars: variables.vars,
    data: variables.data,
    layers: variables.layers,
    templates: { ...read?.templates, ...components?.templates },
    resources,
    extra: readExtras(work, top.entries, { roots: RESOURCE_ROOTS, vars: variables.names }),
    ...(components === undefined ? {} : { instances: components.instances }),
    ...(Object.keys(declared).length === 0 ? {} : { secrets: declared }),
  }
  return { policy, files: components?.files ?? new Map() }
}

function readComponents(
  work: Work,
  reach: Reach,
  node: YamlNode | undefined,
  names: Names,
): ReadComponents | undefined {
  if (node === undefined) return undefined
  const read = new ComponentReader(reach, work).read(node, names)
  return Object.keys(read.instances).length === 0 ? undefined : read
}

/** Keys that are written, also of what is wrong in itself: a use of it is not wrong, too. */
function namesIn(node: YamlNode | undefined): readonly string[] {
  return node?.kind === 'map' ? node.entries.map((entry) => entry.key) : []
}

function checkTwice(work: Work, top: YamlNode, keys: readonly string[]): void {
  const seen = new Set<string>()
  for (const key of keys) {
    if (seen.has(key)) {
      const hint = 'Rename it, or the component that makes the other one.'
      complain(work, top, 'E_DUPLICATE_RESOURCE', `${key} is both a resource and made by a component`, hint)
    }
    seen.add(key)
  }
}
