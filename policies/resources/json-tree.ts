import { PolicyError } from '../errors.ts'
import { LIMITS } from '../limits.ts'

/**
 * A JSON document whose keys keep their order and whose texts and numbers keep the way they are written: JavaScript's own
 * objects put keys like "10" first, and its numbers cannot hold 12345678901234567890.
 */
export type JsonTree = JsonMap | JsonList | JsonScalar
export interface JsonMap {
  readonly kind: 'map'
  readonly entries: ReadonlyMap<string, JsonTree>
}
export interface JsonList {
  readonly kind: 'list'
  readonly items: readonly JsonTree[]
}
export interface JsonScalar {
  readonly kind: 'scalar'
  readonly source: string
}

const TOKEN = /\s*("[^"\\]*(?:\\.[^"\\]*)*"|[{}[\],:]|[^\s{}[\],:"]+)/gy

/** @param text valid JSON, as `JSON.parse` takes it. @throws PolicyError E_TOO_LARGE */
export function treeOf(text: string): JsonTree {
  const tokens = text.matchAll(TOKEN)
  const next = (): string => tokens.next().value?.[1] ?? ''
  const read = (token: string, depth: number): JsonTree => {
    if (depth > LIMITS.editDepth)
      throw new PolicyError('E_TOO_LARGE', `the document is nested deeper than ${LIMITS.editDepth} levels`)
    if (token === '{') return { kind: 'map', entries: entriesFrom(depth) }
    if (token === '[') return { kind: 'list', items: itemsFrom(depth) }
    return { kind: 'scalar', source: token }
  }
  const entriesFrom = (depth: number): Map<string, JsonTree> => {
    const entries = new Map<string, JsonTree>()
    for (let token = next(); token !== '}' && token !== ''; token = next()) {
      if (token === ',') continue
      const key = String(JSON.parse(token))
      next()
      entries.set(key, read(next(), depth + 1))
    }
    return entries
  }
  const itemsFrom = (depth: number): JsonTree[] => {
    const items: JsonTree[] = []
    for (let token = next(); token !== ']' && token !== ''; token = next())
      if (token !== ',') items.push(read(token, depth + 1))
    return items
  }
  return read(next(), 0)
}

/** As `JSON.stringify` lays it out. */
export function textOf(tree: JsonTree, indent: string, margin = '\n'): string {
  if (tree.kind === 'scalar') return tree.source
  const inner = margin + indent
  const parts =
    tree.kind === 'list'
      ? tree.items.map((item) => textOf(item, indent, inner))
      : [...tree.entries].map(([key, item]) => `${JSON.stringify(key)}: ${textOf(item, indent, inner)}`)
  const [open, close] = tree.kind === 'list' ? '[]' : '{}'
  return parts.length === 0 ? `${open}${close}` : `${open}${inner}${parts.join(`,${inner}`)}${margin}${close}`
}

/** Equal as values: the same keys, texts and numbers, however they are written. */
export function sameTree(a: JsonTree, b: JsonTree): boolean {
  if (a.kind === 'scalar' && b.kind === 'scalar')
    return a.source === b.source || JSON.parse(a.source) === JSON.parse(b.source)
  if (a.kind === 'list' && b.kind === 'list')
    return a.items.length === b.items.length && a.items.every((item, i) => sameItem(item, b.items[i]))
  if (a.kind !== 'map' || b.kind !== 'map') return false
  return a.entries.size === b.entries.size && [...a.entries].every(([key, item]) => sameItem(item, b.entries.get(key)))
}

function sameItem(a: JsonTree, b: JsonTree | undefined): boolean {
  return b !== undefined && sameTree(a, b)
}
