import type { SourcePlace } from '../model.ts'
import type { PolicyErrorCode } from '../errors.ts'
import { LIMITS } from '../limits.ts'
import type { Report } from './diagnostic.ts'
import type { Folder } from './folder.ts'
import type { TypeTable } from './types.ts'
import { kindOfNode, type YamlEntry, type YamlNode } from './yaml.ts'

/** What the parts of the compiler share while they look at one policy file. */
export interface Work {
  readonly report: Report
  readonly folder: Folder
  readonly types: TypeTable
}

/** Where a node stands; with `within`, the place of that part of its text, as far as it can be found in the source. */
export function placeOf(
  work: Work,
  node: YamlNode,
  within?: { readonly text: string; readonly offset: number },
): SourcePlace {
  return work.report.place(node.file, node.offset + (within === undefined ? 0 : shift(work, node, within)))
}

function shift(work: Work, node: YamlNode, within: { readonly text: string; readonly offset: number }): number {
  if (node.kind !== 'scalar') return 0
  // Escapes and folded lines move what is inside: look for the text as it is, and stay at the start if it is not there.
  const found = work.report.text(node.file).slice(node.offset, node.end).indexOf(within.text)
  return found < 0 ? 0 : found + within.offset
}

export function complain(work: Work, node: YamlNode, code: PolicyErrorCode, message: string, hint?: string): undefined {
  work.report.add(code, placeOf(work, node), message, hint)
  return undefined
}

export function complainKey(
  work: Work,
  entry: YamlEntry,
  code: PolicyErrorCode,
  message: string,
  hint?: string,
): undefined {
  work.report.add(code, work.report.place(entry.file, entry.offset), message, hint)
  return undefined
}

/** A text that is not empty, or undefined after a report. */
export function asText(work: Work, node: YamlNode, what: string): string | undefined {
  if (node.kind === 'scalar' && typeof node.value === 'string' && node.value.trim() !== '') return node.value
  const found = node.kind === 'scalar' && node.value === '' ? 'empty' : kindOfNode(node)
  const hint = node.kind === 'scalar' && node.value !== null ? 'Put it in quotes, if that is what is meant.' : undefined
  return complain(work, node, 'E_VALUE', `${what} must be a text, not ${found}`, hint)
}

/** A list of texts; one text stands for a list of one. */
export function asTexts(
  work: Work,
  node: YamlNode,
  what: string,
): readonly { readonly text: string; readonly node: YamlNode }[] {
  if (node.kind === 'map') {
    complain(work, node, 'E_VALUE', `${what} must be a list of texts, not a map`, 'As in [a, b].')
    return []
  }
  const items = node.kind === 'list' ? node.items : [node]
  return items.flatMap((item) => {
    const text = asText(work, item, node.kind === 'list' ? `each item of ${what}` : what)
    return text === undefined ? [] : [{ text, node: item }]
  })
}

/** The entries of a map; nothing after a report if it is something else. An empty value counts as an empty map. */
export function asEntries(work: Work, node: YamlNode, what: string): readonly YamlEntry[] {
  if (node.kind === 'map') return node.entries
  if (node.kind === 'scalar' && node.value === null) return []
  const hint = 'Write names with a colon and a value, as in {name: value}.'
  complain(work, node, 'E_VALUE', `${what} must be a map, not ${kindOfNode(node)}`, hint)
  return []
}

/** A condition as it was written; true and false need no quotes. */
export function asCondition(node: YamlNode): string | undefined {
  if (node.kind !== 'scalar') return undefined
  if (typeof node.value === 'boolean') return node.value ? 'true' : 'false'
  return typeof node.value === 'string' ? node.value : undefined
}

/** Each text inside a value, however deep, with the node that it stands in. */
export function* textsIn(node: YamlNode): Generator<{ readonly text: string; readonly node: YamlNode }> {
  if (node.kind === 'scalar') {
    if (typeof node.value === 'string') yield { text: node.value, node }
  } else if (node.kind === 'list') {
    for (const item of node.items) yield* textsIn(item)
  } else {
    for (const entry of node.entries) yield* textsIn(entry.value)
  }
}

/** A name of a policy: lower case, in one to four parts. */
export function isPolicyName(name: string): boolean {
  return name.length <= LIMITS.nameChars && /^[a-z0-9][a-z0-9._-]*(\/[a-z0-9][a-z0-9._-]*){0,3}$/.test(name)
}
