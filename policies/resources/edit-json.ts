import { PolicyError } from '../errors.ts'
import { LIMITS } from '../limits.ts'
import type { Value } from '../model.ts'
import { sameTree, textOf, treeOf, type JsonMap, type JsonTree } from './json-tree.ts'

export type JsonEdit = { readonly [key: string]: Value }

/** What was at a place of the document before it was replaced. */
export type JsonUndo = {
  readonly path: readonly string[]
  /** One text of JSON, or none if nothing was there. */
  readonly was: readonly string[]
}

export interface EditedJson {
  readonly text: string
  /** Taken back in reverse order. */
  readonly undo: readonly JsonUndo[]
}

/**
 * Lays an edit on a JSON document as RFC 7396 says: maps merge, null removes, everything else replaces. The order of keys,
 * the indentation and the way in which numbers and texts are written stay; a document that is right already is left as it
 * is, byte for byte.
 *
 * @param path for messages
 * @throws PolicyError E_CONTENT if the document is no JSON object, E_TOO_LARGE
 */
export function editJson(text: string, edit: JsonEdit, path: string): EditedJson {
  const blank = text.trim() === ''
  const document = blank ? EMPTY : parsed(text, path)
  const undo: JsonUndo[] = []
  const merged = merge(document, edit, [], undo)
  if (undo.length === 0 && !blank) return { text, undo }
  return { text: written(merged, text), undo }
}

/** The document with everything back that is in the list. */
export function undoJson(text: string, undo: readonly JsonUndo[], path: string): string {
  const document = parsed(text, path)
  const back = undo.reduceRight((now, { path: keys, was }) => replaced(now, keys, was), document)
  return written(back, text)
}

const EMPTY: JsonMap = { kind: 'map', entries: new Map() }
const BOM = '\uFEFF'

/** With the byte order mark, the line ends and the end of the file that it had. */
function written(document: JsonMap, like: string): string {
  const body = textOf(document, indentOf(like))
  const end = like.trim() === '' || like.endsWith('\n') ? '\n' : ''
  const lines = like.includes('\r\n') ? `${body}${end}`.replaceAll('\n', '\r\n') : `${body}${end}`
  return like.startsWith(BOM) ? `${BOM}${lines}` : lines
}

function replaced(document: JsonMap, [key = '', ...rest]: readonly string[], was: readonly string[]): JsonMap {
  const entries = new Map(document.entries)
  const inner = entries.get(key)
  const [source] = was
  if (rest.length > 0) {
    if (inner?.kind === 'map') entries.set(key, replaced(inner, rest, was))
  } else if (source === undefined) entries.delete(key)
  else entries.set(key, treeOf(source))
  return { kind: 'map', entries }
}

function parsed(text: string, path: string): JsonMap {
  const bare = text.startsWith(BOM) ? text.slice(BOM.length) : text
  try {
    JSON.parse(bare)
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new PolicyError('E_CONTENT', `${path} is not JSON, so it cannot be edited as that: ${why.slice(0, 200)}`)
  }
  const tree = treeOf(bare)
  if (tree.kind === 'map') return tree
  throw new PolicyError('E_CONTENT', `${path} holds no JSON object, so no key of it can be set`)
}

type EditMap = { readonly [key: string]: Value }

function isMap(value: Value): value is EditMap {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function merge(document: JsonMap, edit: EditMap, at: readonly string[], undo: JsonUndo[]): JsonMap {
  if (at.length > LIMITS.depth)
    throw new PolicyError('E_TOO_LARGE', `the edit is nested deeper than ${LIMITS.depth} levels`)
  const entries = new Map(document.entries)
  for (const [key, wanted] of Object.entries(edit)) {
    const was = entries.get(key)
    const path = [...at, key]
    const note = (): number => undo.push({ path, was: was === undefined ? [] : [textOf(was, '')] })
    if (wanted === null) {
      if (entries.delete(key)) note()
    } else if (isMap(wanted) && was?.kind === 'map') entries.set(key, merge(was, wanted, path, undo))
    else {
      const fresh: JsonTree = isMap(wanted) ? merge(EMPTY, wanted, path, []) : treeOf(JSON.stringify(wanted))
      if (was !== undefined && sameTree(was, fresh)) continue
      entries.set(key, fresh)
      note()
    }
  }
  return { kind: 'map', entries }
}

/** As in the first line that is indented. */
function indentOf(text: string): string {
  return /\n([ \t]+)\S/.exec(text)?.[1] ?? '  '
}
