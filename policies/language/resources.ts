import { PolicyError } from '../errors.ts'
import { isDynamic } from '../expr/interpolate.ts'
import { liquidTemplate } from '../expr/liquid.ts'
import { didYouMean } from '../expr/suggest.ts'
import { LIMITS } from '../limits.ts'
import type { CompiledResource, Value } from '../model.ts'
import { checkAttributes, checkPartly } from './attributes.ts'
import { COMMON_ATTRIBUTES, isCommon, keyProblem } from './common.ts'
import { checkTexts, referenceProblem, RESOURCE_ROOTS, type Names } from './expressions.ts'
import { checkEach, readWhen } from './repeat.ts'
import { writtenReferences, type WrittenReference } from './references.ts'
import { sourceAttributes, takesTemplate, typeNamed, type TypeSchema } from './types.ts'
import { asEntries, complain, complainKey, placeOf, type Work } from './work.ts'
import { valueOf, type YamlEntry, type YamlNode } from './yaml.ts'

/** Names around a set of resources. */
export interface OuterNames {
  readonly vars: ReadonlySet<string>
  /** Declared secrets; undefined where none can be used. */
  readonly secrets?: ReadonlySet<string>
}

/** What a set of resources needs beside itself. */
export interface ReadResources {
  readonly resources: readonly CompiledResource[]
  /** Liquid sources by file name. */
  readonly templates: Readonly<Record<string, string>>
  /** Keys of all resources that are written, also of those that are wrong in themselves. */
  readonly keys: readonly string[]
  readonly references: readonly WrittenReference[]
}

export function readResources(work: Work, node: YamlNode, outer: OuterNames): ReadResources {
  const templates: Record<string, string> = {}
  const entries = asEntries(work, node, 'resources')
  if (entries.length > LIMITS.resources) {
    complain(work, node, 'E_TOO_LARGE', `the policy has ${entries.length} resources, the limit is ${LIMITS.resources}`)
    return { resources: [], templates, keys: [], references: [] }
  }
  const resources = entries.flatMap((entry) => readResource(work, entry, outer, templates) ?? [])
  const references = entries.flatMap((entry) =>
    entry.value.kind === 'map' ? writtenReferences(work, entry.key, entry.value.entries) : [],
  )
  return { resources, templates, keys: entries.map((entry) => entry.key), references }
}

function readResource(
  work: Work,
  entry: YamlEntry,
  { vars, secrets }: OuterNames,
  templates: Record<string, string>,
): CompiledResource | undefined {
  const parts = asEntries(work, entry.value, entry.key)
  if (entry.value.kind === 'list' || (entry.value.kind === 'scalar' && entry.value.value !== null)) return undefined
  const each = parts.find((part) => part.key === 'each')
  const names: Names = { roots: each === undefined ? RESOURCE_ROOTS : [...RESOURCE_ROOTS, 'each'], vars }
  // Which resources there are, and how they hang together, is shown to everyone: no secret decides it.
  const ownNames: Names = secrets === undefined ? names : { roots: [...names.roots, 'secrets'], vars, secrets }
  if (!checkKey(work, entry, names, each !== undefined)) return undefined
  const typeName = entry.key.slice(0, entry.key.indexOf('/'))
  const type = typeNamed(work.types, typeName)
  if (type === undefined) {
    const known = Object.keys(work.types).sort()
    return complainKey(
      work,
      entry,
      'E_UNKNOWN_TYPE',
      `there is no resource type '${typeName}'.${didYouMean(typeName, known)}`,
      `The types are ${known.join(', ')}.`,
    )
  }
  const attrs: Record<string, Value> = {}
  for (const part of parts) {
    const value = part.key === 'when' ? readWhen(work, part, names) : valueOf(part.value)
    if (part.key === 'each') checkEach(work, part, vars)
    else if (part.key !== 'when') checkTexts(work, part.value, isCommon(part.key, type) ? names : ownNames)
    if (value !== undefined) attrs[part.key] = value
  }
  checkCommon(work, entry, parts, attrs, type)
  checkOwn(work, entry, parts, attrs, type)
  if (takesTemplate(type)) readTemplates(work, parts, ownNames, templates)
  for (const attr of sourceAttributes(type)) useSources(work, parts, attr)
  return { key: entry.key, type: typeName, attrs, at: work.report.place(entry.file, entry.offset) }
}

function checkKey(work: Work, entry: YamlEntry, names: Names, repeats: boolean): boolean {
  const { key, file, offset } = entry
  const keyNode: YamlNode = { kind: 'scalar', value: key, file, offset, end: offset + key.length + 2 }
  if (!checkTexts(work, keyNode, names)) return false
  const problem =
    key.indexOf('/') > key.indexOf('${') && key.includes('${')
      ? 'needs a type before the first ${'
      : keyProblem(key.replace(/\$\{.*\}/, 'x'))
  if (problem !== undefined) {
    complainKey(work, entry, 'E_POLICY_NAME', `the resource key '${key}' ${problem}`)
    return false
  }
  if (repeats && !key.includes('${')) {
    complainKey(
      work,
      entry,
      'E_DUPLICATE_RESOURCE',
      `${key} is repeated by each, but its key is always the same`,
      `Name it ${key}-\${each.key}.`,
    )
  }
  return true
}

/** Common attributes that are checked by their schema; `when` and `each` have rules of their own. */
function checkedAsValue(attr: string, type: TypeSchema): boolean {
  return isCommon(attr, type) && attr !== 'when' && attr !== 'each'
}

function checkCommon(
  work: Work,
  entry: YamlEntry,
  parts: readonly YamlEntry[],
  attrs: Readonly<Record<string, Value>>,
  type: TypeSchema,
): void {
  const common = Object.fromEntries(
    Object.entries(attrs).filter(([attr, value]) => checkedAsValue(attr, type) && !isDynamic(value)),
  )
  const result = checkAttributes(COMMON_ATTRIBUTES, common)
  if ('problems' in result) reportProblems(work, entry, parts, result.problems)
}

/** Checks the attributes of the type as far as they are known before a node evaluates them. */
function checkOwn(
  work: Work,
  entry: YamlEntry,
  parts: readonly YamlEntry[],
  attrs: Readonly<Record<string, Value>>,
  type: TypeSchema,
): void {
  const own = Object.entries(attrs).filter(([attr]) => !isCommon(attr, type))
  const dynamic = own.filter(([, value]) => isDynamic(value)).map(([attr]) => attr)
  const known = Object.fromEntries(own.filter(([, value]) => !isDynamic(value)))
  if (dynamic.length > 0) {
    reportProblems(work, entry, parts, checkPartly(type.schema, known, dynamic))
    return
  }
  const result = checkAttributes(type.schema, known)
  if ('problems' in result) reportProblems(work, entry, parts, result.problems)
}

function reportProblems(
  work: Work,
  entry: YamlEntry,
  parts: readonly YamlEntry[],
  problems: readonly { readonly attr: string | undefined; readonly message: string; readonly hint?: string }[],
): void {
  for (const { attr, message, hint } of problems) {
    const part = parts.find((candidate) => candidate.key === attr)
    const code = message.startsWith('there is no attribute') ? 'E_UNKNOWN_KEY' : 'E_ATTRIBUTE'
    const advice = hint ?? `\`chorus docs ${entry.key.slice(0, entry.key.indexOf('/'))}\` shows what it takes.`
    complainKey(work, part ?? entry, code, `${entry.key}: ${message}`, advice)
  }
}

function readTemplates(work: Work, parts: readonly YamlEntry[], names: Names, templates: Record<string, string>): void {
  const node = parts.find((part) => part.key === 'template')?.value
  if (node?.kind !== 'scalar' || typeof node.value !== 'string') return
  const at = placeOf(work, node)
  for (const file of work.report.attempt(at, '', () => work.folder.match(String(node.value), at, 'file')) ?? []) {
    const text = templates[file] ?? work.folder.text(file, LIMITS.templateBytes, at)
    if (text === undefined) continue
    templates[file] = text
    const shown = work.folder.shown(file)
    work.report.addText(shown, text)
    const parsed = work.report.attempt({ file: shown, line: 1, column: 1 }, '', () => liquidTemplate(shown, text))
    for (const reference of parsed?.references ?? []) {
      const problem = referenceProblem(reference, names)
      if (problem !== undefined)
        work.report.addError(inTemplate(problem), { file: shown, line: reference.line, column: reference.column })
    }
  }
}

/** A template has no quotes or `${` to give advice on. */
function inTemplate(problem: PolicyError): PolicyError {
  if (problem.hint?.startsWith('If it is meant as text') !== true) return problem
  const hint = 'Write vars.NAME for a variable, node.name for the name of the node.'
  return new PolicyError(problem.code, problem.message, { hint })
}

function useSources(work: Work, parts: readonly YamlEntry[], attr: string): void {
  const node = parts.find((part) => part.key === attr)?.value
  if (node?.kind !== 'scalar' || typeof node.value !== 'string') return
  const at = placeOf(work, node)
  const files = work.report.attempt(at, '', () => work.folder.match(String(node.value), at, 'file or folder'))
  work.folder.use(files ?? [], at)
}
