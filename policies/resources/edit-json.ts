import { PolicyError } from '../errors.ts'
import { LIMITS } from '../limits.ts'
import type { Value } from '../model.ts'

export type JsonEdit = { readonly [key: string]: Value }

/** What was at a place of the document before it was replaced. */
export type JsonUndo = {
  readonly path: readonly string[]
  /** One value, or none if nothing was there. */
  readonly was: readonly Value[]
}

export interface EditedJson {
  readonly text: string
  /** Taken back in reverse order. */
  readonly undo: readonly JsonUndo[]
}

/**
 * Lays an edit on a JSON document as RFC 7396 says: maps merge, null removes, everything else replaces. The order of keys
 * and the indentation stay; a document that is right already is left as it is, byte for byte.
 *
 * @param path for messages
 * @throws PolicyError E_CONTENT if the document is no JSON object
 */
export function editJson(text: string, edit: JsonEdit, path: string): EditedJson {
  const document = text.trim() === '' ? {} : parsed(text, path)
  const undo: JsonUndo[] = []
  const merged = merge(document, edit, [], undo)
  if (undo.length === 0 && text.trim() !== '') return { text, undo }
  return { text: written(merged, text), undo }
}

/** The document with everything back that is in the list. */
export function undoJson(text: string, undo: readonly JsonUndo[], path: string): string {
  const document = parsed(text, path)
  const back = undo.reduceRight((now, { path: keys, was }) => replaced(now, keys, was), document)
  return written(back, text)
}

function written(document: Document, like: string): string {
  return `${JSON.stringify(document, null, indentOf(like))}\n`
}

function replaced(document: Document, [key = '', ...rest]: readonly string[], was: readonly Value[]): Document {
  const entries = new Map(Object.entries(document))
  const inner = entries.get(key)
  if (rest.length > 0) {
    if (isMap(inner)) entries.set(key, replaced(inner, rest, was))
  } else if (was.length === 0) entries.delete(key)
  else entries.set(key, was[0])
  return Object.fromEntries(entries)
}

type Document = { readonly [key: string]: unknown }

function parsed(text: string, path: string): Document {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new PolicyError('E_CONTENT', `${path} is not JSON, so it cannot be edited as that: ${why.slice(0, 200)}`)
  }
  if (isMap(value)) return value
  throw new PolicyError('E_CONTENT', `${path} holds no JSON object, so no key of it can be set`)
}

function isMap(value: unknown): value is Document {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function merge(document: Document, edit: JsonEdit, at: readonly string[], undo: JsonUndo[]): Document {
  if (at.length > LIMITS.depth)
    throw new PolicyError('E_TOO_LARGE', `the edit is nested deeper than ${LIMITS.depth} levels`)
  const result = new Map(Object.entries(document))
  for (const [key, wanted] of Object.entries(edit)) {
    const was = result.get(key)
    const path = [...at, key]
    // What a document holds is JSON, so it is a value.
    const before = { path, was: result.has(key) ? [was as Value] : [] }
    if (wanted === null) {
      if (result.delete(key)) undo.push(before)
    } else if (isMap(wanted) && isMap(was)) result.set(key, merge(was, wanted, path, undo))
    else {
      const fresh = isMap(wanted) ? merge({}, wanted, path, []) : wanted
      if (JSON.stringify(was) === JSON.stringify(fresh)) continue
      result.set(key, fresh)
      undo.push(before)
    }
  }
  return Object.fromEntries(result)
}

/** As in the first line that is indented. */
function indentOf(text: string): string {
  return /\n([ \t]+)\S/.exec(text)?.[1] ?? '  '
}
