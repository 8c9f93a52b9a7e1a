import { z } from 'zod'
import { describeIssue, didYouMean, kindOfNode, type Report, valueOf, type YamlNode } from '../../policies/index.ts'

/**
 * Checks a part of a scenario against its schema; everything that is wrong is reported at its place, unknown keys with
 * the one that was probably meant. Undefined after a report.
 *
 * @param what the part as messages name it: `a group`
 */
export function checkNode<S extends z.ZodType>(
  report: Report,
  node: YamlNode,
  schema: S,
  what: string,
): z.output<S> | undefined {
  const value = valueOf(node)
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const shown = new Set<number>()
  for (const issue of result.error.issues) explain(report, node, schema, value, flatten(issue), what, shown)
  return undefined
}

function explain(
  report: Report,
  top: YamlNode,
  schema: z.ZodType,
  value: unknown,
  issue: z.core.$ZodIssue,
  what: string,
  shown: Set<number>,
): void {
  const node = nodeAt(top, issue.path)
  const at = report.place(node.file, node.offset)
  const name = issue.path.length === 0 ? what : issue.path.join('.')
  if (issue.code === 'unrecognized_keys') {
    const known = keysOf(schemaAt(schema, issue.path))
    for (const key of issue.keys) {
      const entry = node.kind === 'map' ? node.entries.find((entry) => entry.key === key) : undefined
      const message = `${name} has no '${key}'.${didYouMean(key, known)}`
      report.add('E_UNKNOWN_KEY', report.place(node.file, entry?.offset ?? node.offset), message, hasKeys(known))
    }
    return
  }
  // One sentence a place: that a value is of the wrong kind says also that it is out of its bounds.
  if (shown.has(node.offset)) return
  shown.add(node.offset)
  const given = issue.path.reduce<unknown>((from, key) => fieldOf(from, key), value)
  const wanted = issue.code === 'custom' ? wantedBy(issue.message) : wantedAt(schema, issue.path)
  if (wanted !== undefined && given !== undefined) {
    const negative = typeof given === 'string' && /^-\d/.test(given) ? ' It cannot be negative.' : ''
    const subject = issue.path.length === 0 ? what : `'${name}'`
    report.add('E_VALUE', at, `${subject} must be ${wanted}, not ${shownAs(node)}.${negative}`, HINT)
    return
  }
  if (wanted !== undefined && issue.code === 'invalid_type') {
    report.add('E_VALUE', at, `${what} needs '${name}': ${wanted}`, HINT)
    return
  }
  if (issue.code === 'invalid_union' && issue.discriminator !== undefined) {
    const choices = choicesOf(schemaAt(schema, issue.path.slice(0, -1)), issue.discriminator)
    const meant = typeof given === 'string' ? didYouMean(given, choices) : ''
    report.add('E_VALUE', at, `'${name}' must be one of ${choices.join(', ')}, not ${shownAs(node)}.${meant}`, HINT)
    return
  }
  if (issue.code === 'invalid_type' && issue.path.length === 0) {
    report.add(
      'E_VALUE',
      at,
      `${what} must be ${issue.expected === 'array' ? 'a list' : 'a map'}, not ${shownAs(node)}`,
    )
    return
  }
  const root = typeof value === 'object' && value !== null ? { ...value } : {}
  for (const { message, hint } of describeIssue(issue, root))
    report.add('E_VALUE', at, issue.path.length === 0 ? `${what}: ${message}` : message, hint ?? HINT)
}

/** Of a union, the complaint of the side that went furthest; what was given is compared with that. */
function flatten(issue: z.core.$ZodIssue): z.core.$ZodIssue {
  if (issue.code !== 'invalid_union') return issue
  const sides = issue.errors.flatMap((side) => side.slice(0, 1))
  const deepest = sides.find(
    (side) => side.path.length > 0 || side.code === 'unrecognized_keys' || side.code === 'custom',
  )
  if (deepest === undefined) return issue
  return flatten({ ...deepest, path: [...issue.path, ...deepest.path] })
}

function shownAs(node: YamlNode): string {
  if (node.kind !== 'scalar' || node.value === null) return kindOfNode(node)
  const text = String(node.value)
  return `'${text.length > 40 ? `${text.slice(0, 37)}...` : text}'`
}

const HINT = 'See docs/simulator.md, or `chorus sim schema`.'

/** Refinements of scalars say what they want: `a time, as in 30s`. */
function wantedBy(message: string): string | undefined {
  return /^an? /.test(message) ? message : undefined
}

function choicesOf(schema: z.core.$ZodType | undefined, key: string): readonly string[] {
  if (!(schema instanceof z.ZodUnion)) return []
  return schema.options.flatMap((option) => {
    const literal = step(option, key)
    return literal instanceof z.ZodLiteral ? [...literal.values].map(String) : []
  })
}

function hasKeys(known: readonly string[]): string {
  return known.length === 0 ? 'Remove it.' : `It has ${known.join(', ')}.`
}

/** The node at a path, or the nearest one above it: what is missing has no place of its own. */
export function nodeAt(top: YamlNode, path: readonly PropertyKey[]): YamlNode {
  let at = top
  for (const key of path) {
    const next =
      at.kind === 'map'
        ? at.entries.find((entry) => entry.key === key)?.value
        : at.kind === 'list' && typeof key === 'number'
          ? at.items[key]
          : undefined
    if (next === undefined) return at
    at = next
  }
  return at
}

function fieldOf(from: unknown, key: PropertyKey): unknown {
  return typeof from === 'object' && from !== null && Object.hasOwn(from, key) ? Reflect.get(from, key) : undefined
}

/** Keys of an object's schema; of a union those of its sides. */
export function keysOf(schema: z.core.$ZodType | undefined): readonly string[] {
  if (schema instanceof z.ZodObject) return Object.keys(schema.shape)
  if (schema instanceof z.ZodUnion) return schema.options.flatMap((option) => keysOf(bare(option)))
  return []
}

/** Without what is around a schema: optional, default, transformed. */
function bare(schema: z.core.$ZodType): z.core.$ZodType {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault)
    return bare(schema.unwrap())
  if (schema instanceof z.ZodPipe) return bare(schema.in)
  return schema
}

function step(schema: z.core.$ZodType, key: PropertyKey): z.core.$ZodType | undefined {
  const inner = bare(schema)
  if (inner instanceof z.ZodObject) {
    const shape: Record<string, z.core.$ZodType> = inner.shape
    return typeof key === 'string' ? shape[key] : undefined
  }
  if (inner instanceof z.ZodRecord) return inner.valueType
  if (inner instanceof z.ZodArray) return inner.element
  if (inner instanceof z.ZodTuple) return typeof key === 'number' ? inner._zod.def.items[key] : undefined
  if (inner instanceof z.ZodUnion)
    return inner.options.map((option) => step(option, key)).find((found) => found !== undefined)
  return undefined
}

function schemaAt(schema: z.core.$ZodType, path: readonly PropertyKey[]): z.core.$ZodType | undefined {
  const found = path.reduce<z.core.$ZodType | undefined>((at, key) => (at === undefined ? at : step(at, key)), schema)
  return found === undefined ? undefined : bare(found)
}

/** What the schema at a path says that it wants, in words. */
function wantedAt(schema: z.core.$ZodType, path: readonly PropertyKey[]): string | undefined {
  let at = path.reduce<z.core.$ZodType | undefined>(
    (from, key) => (from === undefined ? from : step(from, key)),
    schema,
  )
  while (at !== undefined) {
    const wanted = z.globalRegistry.get(at)?.['wanted']
    if (typeof wanted === 'string') return wanted
    const inner =
      at instanceof z.ZodOptional || at instanceof z.ZodDefault || at instanceof z.ZodPrefault
        ? at.unwrap()
        : at instanceof z.ZodPipe
          ? at.in
          : undefined
    at = inner
  }
  return undefined
}
