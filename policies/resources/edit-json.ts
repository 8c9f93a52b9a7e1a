import { PolicyError } from '../errors.ts'
import { LIMITS } from '../limits.ts'
import type { Value } from '../model.ts'

export type JsonEdit = { readonly [key: string]: Value }

export interface EditedJson {
  readonly text: string
  /** An edit that brings back what was there. */
  readonly undo: JsonEdit
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
  const undo: Record<string, Value> = {}
  const merged = merge(document, edit, undo, 0)
  if (Object.keys(undo).length === 0 && text.trim() !== '') return { text, undo }
  return { text: `${JSON.stringify(merged, null, indentOf(text))}\n`, undo }
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

function merge(document: Document, edit: JsonEdit, undo: Record<string, Value>, depth: number): Document {
  if (depth > LIMITS.depth)
    throw new PolicyError('E_TOO_LARGE', `the edit is nested deeper than ${LIMITS.depth} levels`)
  const result = new Map(Object.entries(document))
  for (const [key, wanted] of Object.entries(edit)) {
    const was = result.get(key)
    // What a document holds is JSON, so it is a value.
    const before = (was ?? null) as Value
    if (wanted === null) {
      if (result.delete(key)) undo[key] = before
    } else if (isMap(wanted) && isMap(was)) {
      const inner: Record<string, Value> = {}
      result.set(key, merge(was, wanted as JsonEdit, inner, depth + 1))
      if (Object.keys(inner).length > 0) undo[key] = inner
    } else {
      const fresh = isMap(wanted) ? merge({}, wanted as JsonEdit, {}, depth + 1) : wanted
      if (JSON.stringify(was) === JSON.stringify(fresh)) continue
      result.set(key, fresh)
      undo[key] = before
    }
  }
  return Object.fromEntries(result)
}

/** As in the first line that is indented. */
function indentOf(text: string): string {
  return /\n([ \t]+)\S/.exec(text)?.[1] ?? '  '
}
