import { PolicyError } from '../errors.ts'
import { LIMITS } from '../limits.ts'
import { editIni, type IniEdit, type IniSection } from './edit-ini.ts'
import { editJson, undoJson, type JsonEdit, type JsonUndo } from './edit-json.ts'
import { TextFile, utf8 } from './text-file.ts'
import { editBlock, editLine, undoLine, type BlockEdit, type LineEdit, type LineUndo } from './edit-lines.ts'

/** Edits of a file that others own: what is not named in them stays as it is. */
export type Edit =
  | { readonly kind: 'line'; readonly lines: readonly LineEdit[] }
  | { readonly kind: 'block'; readonly block: BlockEdit }
  | { readonly kind: 'json'; readonly json: JsonEdit }
  | { readonly kind: 'ini'; readonly ini: IniEdit }

/** How an edit is taken back: kept in a node's memory, so plain data. */
export type EditUndo =
  | { readonly kind: 'line'; readonly lines: readonly LineUndo[] }
  | { readonly kind: 'block'; readonly name: string; readonly comment: string }
  | { readonly kind: 'json'; readonly json: readonly JsonUndo[] }
  | { readonly kind: 'ini'; readonly ini: IniEdit }

export interface Edited {
  readonly bytes: Uint8Array
  /** Of this edit alone; null if nothing was changed. */
  readonly undo: EditUndo | null
}

/**
 * The file after an edit. A file that is not UTF-8 keeps its bytes: only what is put in is UTF-8.
 *
 * @param path for messages
 * @throws PolicyError E_CONTENT, E_TOO_LARGE
 */
export function edited(bytes: Uint8Array, edit: Edit, path: string): Edited {
  if (bytes.length > LIMITS.editBytes) {
    throw new PolicyError('E_TOO_LARGE', `${path} has ${bytes.length} bytes; up to ${LIMITS.editBytes} can be edited`)
  }
  const file = new TextFile(bytes)
  switch (edit.kind) {
    case 'line': {
      const undo: LineUndo[] = []
      let lines = file.lines
      for (const line of edit.lines) {
        const done = editLine(lines, file.foreign(line))
        undo.push(...done.undo.map(({ was }) => ({ text: line.text, was: file.native(was) })))
        lines = done.lines
      }
      return result(file, bytes, lines, undo.length === 0 ? null : { kind: 'line', lines: undo })
    }
    case 'block': {
      const { name, comment } = edit.block
      return result(file, bytes, editBlock(file.lines, file.foreign(edit.block)), { kind: 'block', name, comment })
    }
    case 'ini': {
      const { lines, undo } = editIni(file.lines, file.foreign(edit.ini))
      return result(file, bytes, lines, { kind: 'ini', ini: undo })
    }
    default: {
      const { text, undo } = editJson(jsonText(bytes, path), edit.json, path)
      const same = undo.length === 0 && bytes.length > 0
      return same ? { bytes, undo: null } : { bytes: encode(text), undo: { kind: 'json', json: undo } }
    }
  }
}

function result(file: TextFile, bytes: Uint8Array, lines: readonly string[], undo: EditUndo | null): Edited {
  const now = file.with(lines)
  return { bytes: now, undo: now === bytes ? null : undo }
}

/** The file without what an edit did to it, as far as that is still there. */
export function unedited(bytes: Uint8Array, undo: EditUndo, path: string): Uint8Array {
  const file = new TextFile(bytes)
  switch (undo.kind) {
    case 'line': {
      const back = undo.lines.toReversed().reduce((lines, one) => undoLine(lines, file.foreign(one)), file.lines)
      return file.with(back)
    }
    case 'block':
      return edited(bytes, { kind: 'block', block: { ...undo, text: '', absent: true } }, path).bytes
    case 'ini':
      return edited(bytes, undo, path).bytes
    default:
      return encode(undoJson(jsonText(bytes, path), undo.json, path))
  }
}

/** The first undo of each part is what was there before Chorus: later ones only add to it. */
export function mergeUndo(first: EditUndo | null, later: EditUndo | null): EditUndo | null {
  if (first === null || later === null) return first ?? later
  if (first.kind === 'line' && later.kind === 'line') {
    const known = new Set(first.lines.map(({ text }) => text))
    const lines = [...first.lines, ...later.lines.filter(({ text }) => !known.has(text))]
    return { kind: 'line', lines: lines.slice(0, LIMITS.editLines) }
  }
  if (first.kind === 'json' && later.kind === 'json') {
    const known = (path: readonly string[]): boolean =>
      first.json.some((one) => one.path.every((key, i) => key === path[i]))
    const json = [...first.json, ...later.json.filter(({ path }) => !known(path))]
    return { kind: 'json', json: json.slice(0, LIMITS.editLines) }
  }
  if (first.kind === 'ini' && later.kind === 'ini') {
    return { kind: 'ini', ini: under(later.ini, first.ini) }
  }
  return first
}

/** `over` wins, also with its nulls. */
function under(base: IniEdit, over: IniEdit): IniEdit {
  const merged: Record<string, IniSection | null> = { ...base }
  for (const [key, value] of Object.entries(over)) {
    const below = merged[key]
    merged[key] = value !== null && below !== undefined && below !== null ? { ...below, ...value } : value
  }
  return merged
}

function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

/** JSON is UTF-8: what is not would come back as something else. */
function jsonText(bytes: Uint8Array, path: string): string {
  const text = utf8(bytes)
  if (text !== null) return text
  throw new PolicyError('E_CONTENT', `${path} is not UTF-8, so it is no JSON and cannot be edited as that`)
}
