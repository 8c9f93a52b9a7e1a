import { PolicyError } from '../errors.ts'
import { LIMITS } from '../limits.ts'
import { editIni, type IniEdit, type IniSection } from './edit-ini.ts'
import { editJson, undoJson, type JsonEdit, type JsonUndo } from './edit-json.ts'
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
        if (done.undo !== undefined) undo.push({ text: line.text, was: file.native(done.undo.was) })
        lines = done.lines
      }
      return file.result(lines, undo.length === 0 ? null : { kind: 'line', lines: undo })
    }
    case 'block': {
      const { name, comment } = edit.block
      return file.result(editBlock(file.lines, file.foreign(edit.block)), { kind: 'block', name, comment })
    }
    case 'ini': {
      const { lines, undo } = editIni(file.lines, file.foreign(edit.ini))
      return file.result(lines, { kind: 'ini', ini: undo })
    }
    default: {
      const { text, undo } = editJson(new TextDecoder().decode(bytes), edit.json, path)
      const same = undo.length === 0 && bytes.length > 0
      return same ? { bytes, undo: null } : { bytes: encode(text), undo: { kind: 'json', json: undo } }
    }
  }
}

/** The file without what an edit did to it, as far as that is still there. */
export function unedited(bytes: Uint8Array, undo: EditUndo, path: string): Uint8Array {
  const file = new TextFile(bytes)
  switch (undo.kind) {
    case 'line': {
      const back = undo.lines.toReversed().reduce((lines, one) => undoLine(lines, file.foreign(one)), file.lines)
      return file.result(back, null).bytes
    }
    case 'block':
      return edited(bytes, { kind: 'block', block: { ...undo, text: '', absent: true } }, path).bytes
    case 'ini':
      return edited(bytes, undo, path).bytes
    default:
      return encode(undoJson(new TextDecoder().decode(bytes), undo.json, path))
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

/** A file as lines. One that is not UTF-8 is taken byte by byte, one character each. */
class TextFile {
  readonly lines: readonly string[]
  readonly #bytes: Uint8Array
  readonly #byteWise: boolean
  readonly #lineEnd: '\n' | '\r\n'

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    const text = utf8(bytes)
    this.#byteWise = text === null
    const whole = text ?? byteText(bytes)
    this.#lineEnd = whole.includes('\r\n') ? '\r\n' : '\n'
    const lines = whole.split(this.#lineEnd)
    if (lines.at(-1) === '') lines.pop()
    this.lines = lines
  }

  /** Texts of a policy as characters of this file. */
  foreign<T>(value: T): T {
    if (!this.#byteWise) return value
    // What goes in is plain data, and comes out with the same shape.
    return JSON.parse(JSON.stringify(value), (_key, item: unknown) =>
      typeof item === 'string' ? byteText(encode(item)) : item,
    ) as T
  }

  /** The other way round, as far as that can be said. */
  native(text: string | null): string | null {
    return text === null || !this.#byteWise ? text : (utf8(bytesOf(text)) ?? text)
  }

  result(lines: readonly string[], undo: EditUndo | null): Edited {
    if (
      lines === this.lines ||
      (lines.length === this.lines.length && lines.every((line, i) => line === this.lines[i]))
    )
      return { bytes: this.#bytes, undo: null }
    const text = lines.map((line) => line + this.#lineEnd).join('')
    return { bytes: this.#byteWise ? bytesOf(text) : encode(text), undo }
  }
}

function utf8(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return null
  }
}

function byteText(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += String.fromCharCode(byte)
  return text
}

function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(text, (char) => char.charCodeAt(0))
}
