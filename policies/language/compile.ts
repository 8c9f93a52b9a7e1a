import { PolicyError } from '../errors.ts'
import { checkSelector } from '../expr/selector.ts'
import { didYouMean } from '../expr/suggest.ts'
import { LIMITS } from '../limits.ts'
import type { CompiledPolicy, SourcePlace, Value } from '../model.ts'
import { nodeOfValue } from './define.ts'
import { Report, type Diagnostic } from './diagnostic.ts'
import { Folder } from './folder.ts'
import { checkReferences } from './references.ts'
import { readResources } from './resources.ts'
import type { PolicySource, SourceFile } from './source.ts'
import type { TypeTable } from './types.ts'
import { readVariables } from './variables.ts'
import { asCondition, asText, asTexts, complain, complainKey, isPolicyName, placeOf, type Work } from './work.ts'
import { kindOfNode, readYaml, valueOf, type YamlEntry, type YamlNode } from './yaml.ts'

export interface CompileOptions {
  readonly types: TypeTable
  /** Values of `--set`: variable (or a path into one) to YAML text. */
  readonly set?: Readonly<Record<string, string>>
}

export interface Compiled {
  /** Undefined if there is any diagnostic. */
  readonly policy: CompiledPolicy | undefined
  /** Files that the bundle carries, by path. Templates and data layers are part of the policy itself. */
  readonly files: ReadonlyMap<string, SourceFile>
  /** Everything that is wrong, by file and line. */
  readonly diagnostics: readonly Diagnostic[]
}

export const POLICY_FILE = 'policy.yaml'

/** Keys of a policy, and whether this build can execute them. */
const KEYS = {
  policy: 'read',
  select: 'read',
  after: 'read',
  vars: 'read',
  data: 'read',
  resources: 'read',
  health: 'keep',
  priority: 'keep',
  onFork: 'keep',
  secrets: 'refuse',
  onChange: 'refuse',
  rollout: 'refuse',
  extends: 'refuse',
  components: 'refuse',
} as const satisfies Record<string, 'read' | 'keep' | 'refuse'>

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
  return compileNode({ report, folder, types: options.types }, POLICY_FILE, node, options)
}

/** The file that a policy written as a program is in, as messages name it. */
export const PROGRAM_FILE = 'policy.ts'

/**
 * Compiles what a program exported as its policy (see `definePolicy`), with the files of its folder. Its bundle is that
 * of the same policy in YAML.
 */
export function compileDocument(document: unknown, source: PolicySource, options: CompileOptions): Compiled {
  const report = new Report()
  const folder = new Folder(source, report)
  const node = nodeOfValue(document, PROGRAM_FILE, report)
  return compileNode({ report, folder, types: options.types }, PROGRAM_FILE, node, options)
}

function compileNode(work: Work, file: string, node: YamlNode | undefined, options: CompileOptions): Compiled {
  const { report, folder } = work
  if (node?.kind !== 'map') {
    const top = { file, line: 1, column: 1 }
    if (report.empty)
      report.add('E_VALUE', top, 'a policy is a map that starts with policy: NAME', 'See policies/examples.')
    return { policy: undefined, files: new Map(), diagnostics: report.list() }
  }
  const policy = readPolicy(work, node.entries, node, options.set ?? {})
  return { policy: report.empty ? policy : undefined, files: folder.used, diagnostics: report.list() }
}

function readPolicy(
  work: Work,
  entries: readonly YamlEntry[],
  top: YamlNode,
  set: Readonly<Record<string, string>>,
): CompiledPolicy {
  const at = (key: keyof typeof KEYS): YamlNode | undefined => entries.find((entry) => entry.key === key)?.value
  checkKeys(work, entries)
  const variables = readVariables(work, at('vars'), at('data'), set)
  const resourcesNode = at('resources')
  const read = resourcesNode === undefined ? undefined : readResources(work, resourcesNode, variables.names)
  if (read === undefined)
    complain(work, top, 'E_VALUE', 'the policy has no resources', 'Write resources: {} if that is meant.')
  else checkReferences(read.keys, read.references, work.report)
  return {
    v: 1,
    policy: readName(work, at('policy'), top),
    select: readSelect(work, at('select'), top),
    after: readAfter(work, at('after')),
    vars: variables.vars,
    data: variables.data,
    layers: variables.layers,
    templates: read?.templates ?? {},
    resources: read?.resources ?? [],
    extra: readExtra(work, entries),
  }
}

function checkKeys(work: Work, entries: readonly YamlEntry[]): void {
  for (const entry of entries) {
    if (!Object.hasOwn(KEYS, entry.key)) {
      complainKey(
        work,
        entry,
        'E_UNKNOWN_KEY',
        `a policy has no '${entry.key}'.${didYouMean(entry.key, Object.keys(KEYS))}`,
        `It has ${Object.keys(KEYS).join(', ')}.`,
      )
    } else if (KEYS[entry.key as keyof typeof KEYS] === 'refuse') {
      complainKey(work, entry, 'E_UNSUPPORTED', `this build cannot execute '${entry.key}'`)
    }
  }
}

function readName(work: Work, node: YamlNode | undefined, top: YamlNode): string {
  if (node === undefined) {
    complain(work, top, 'E_POLICY_NAME', 'the policy has no name', 'Start with policy: NAME, as in policy: web/site.')
    return ''
  }
  const name = asText(work, node, 'the name of a policy')
  if (name !== undefined && !isPolicyName(name)) {
    complain(
      work,
      node,
      'E_POLICY_NAME',
      `'${name}' cannot be the name of a policy`,
      'Use lower case, digits, - . _ and up to three /, as in web/site.',
    )
  }
  return name ?? ''
}

function readSelect(work: Work, node: YamlNode | undefined, top: YamlNode): string {
  const hint = 'Write select: "true" for every node, or a condition: select: labels.role == \'web\'.'
  if (node === undefined) {
    complain(work, top, 'E_SELECT', 'the policy does not say which nodes it is for', hint)
    return ''
  }
  const text = asCondition(node)
  if (text === undefined || text.trim() === '') {
    complain(
      work,
      node,
      'E_SELECT',
      `select must be a condition, not ${text === undefined ? kindOfNode(node) : 'empty'}`,
      hint,
    )
    return ''
  }
  try {
    checkSelector(text)
  } catch (error) {
    const offset = error instanceof PolicyError ? (error.offset ?? 0) : 0
    work.report.addError(error, placeOf(work, node, { text, offset }))
  }
  return text
}

function readAfter(work: Work, node: YamlNode | undefined): readonly string[] {
  if (node === undefined) return []
  return asTexts(work, node, 'after').flatMap(({ text, node: item }) => {
    if (isPolicyName(text)) return [text]
    complain(work, item, 'E_POLICY_NAME', `'${text}' cannot be the name of a policy`)
    return []
  })
}

const EXTRA: Readonly<Record<string, { readonly fits: (value: Value) => boolean; readonly wanted: string }>> = {
  health: { fits: (value) => Array.isArray(value), wanted: 'a list of checks' },
  priority: { fits: (value) => typeof value === 'number', wanted: 'a whole number' },
  onFork: { fits: (value) => value === 'newest' || value === 'hold', wanted: 'newest or hold' },
}

function readExtra(work: Work, entries: readonly YamlEntry[]): Record<string, Value> {
  const extra: Record<string, Value> = {}
  for (const entry of entries) {
    const rule = Object.hasOwn(EXTRA, entry.key) ? EXTRA[entry.key] : undefined
    if (rule === undefined) continue
    const value = valueOf(entry.value)
    if (rule.fits(value)) extra[entry.key] = value
    else complain(work, entry.value, 'E_VALUE', `${entry.key} must be ${rule.wanted}, not ${kindOfNode(entry.value)}`)
  }
  return extra
}
