import { matches } from '../expr/regex.ts'

/** One line that a file of others is to have, or not to have. */
export interface LineEdit {
  readonly text: string
  /**
   * RE2: the last line that matches becomes the text, and if the text does not match it, every one that does: else each
   * run would find another. With `absent`, every line that matches goes.
   */
  readonly match?: string | undefined
  /** RE2: where a new line goes, behind the last or before the first line that matches; at the end if none does. */
  readonly after?: string | undefined
  readonly before?: string | undefined
  readonly absent?: boolean | undefined
}

/** A part between two marker lines that belongs to the policy. */
export interface BlockEdit {
  readonly text: string
  /** Stands in the markers, so that a file can have several. */
  readonly name: string
  /** How the file begins a comment. */
  readonly comment: string
  readonly after?: string | undefined
  readonly before?: string | undefined
  readonly absent?: boolean | undefined
}

/** What takes an edit back: a line that was replaced, or null for one that was added. */
export type LineUndo = { readonly text: string; readonly was: string | null }

export interface EditedLines {
  readonly lines: readonly string[]
  /** Empty if nothing was changed, or nothing can be taken back. */
  readonly undo: readonly LineUndo[]
}

export function editLine(lines: readonly string[], edit: LineEdit): EditedLines {
  const { text, match } = edit
  const isIt = (line: string): boolean => line === text || (match !== undefined && matches(line, match))
  if (edit.absent === true) {
    const left = lines.filter((line) => !isIt(line))
    return { lines: left.length === lines.length ? lines : left, undo: [] }
  }
  const places = match === undefined ? [] : placesOf(lines, text, match)
  if (places.length > 0) {
    const wrong = places.filter((at) => lines[at] !== text)
    const now = [...lines]
    for (const at of wrong) now[at] = text
    return { lines: wrong.length === 0 ? lines : now, undo: wrong.map((at) => ({ text, was: lines[at] ?? null })) }
  }
  if (lines.includes(text)) return { lines, undo: [] }
  return { lines: lines.toSpliced(placeFor(lines, edit), 0, text), undo: [{ text, was: null }] }
}

function placesOf(lines: readonly string[], text: string, match: string): readonly number[] {
  const found = lines.flatMap((line, at) => (matches(line, match) ? [at] : []))
  return matches(text, match) ? found.slice(-1) : found
}

/** Takes back what `editLine` did, as far as the line is still there. */
export function undoLine(lines: readonly string[], { text, was }: LineUndo): readonly string[] {
  // Of several that became the same, the last one was noted last.
  const at = lines.lastIndexOf(text)
  if (at < 0) return lines
  return was === null ? lines.toSpliced(at, 1) : lines.with(at, was)
}

export function editBlock(lines: readonly string[], edit: BlockEdit): readonly string[] {
  const [begin, end] = markersOf(edit)
  const inner = edit.text === '' ? [] : edit.text.replace(/\r?\n$/, '').split(/\r?\n/)
  const wanted = edit.absent === true ? [] : [begin, ...inner, end]
  const from = lines.indexOf(begin)
  if (from < 0) return edit.absent === true ? lines : lines.toSpliced(placeFor(lines, edit), 0, ...wanted)
  // Without its end it is taken for the one line that is certainly ours: what follows may be somebody else's.
  const to = lines.indexOf(end, from)
  const size = to < 0 ? 1 : to - from + 1
  const is = lines.slice(from, from + size)
  if (is.length === wanted.length && is.every((line, i) => line === wanted[i])) return lines
  return lines.toSpliced(from, size, ...wanted)
}

function markersOf({ name, comment }: BlockEdit): readonly [begin: string, end: string] {
  return [`${comment} BEGIN chorus ${name}`, `${comment} END chorus ${name}`]
}

function placeFor(lines: readonly string[], { after, before }: Pick<LineEdit, 'after' | 'before'>): number {
  const behind = after === undefined ? -1 : lines.findLastIndex((line) => matches(line, after))
  if (behind >= 0) return behind + 1
  const ahead = before === undefined ? -1 : lines.findIndex((line) => matches(line, before))
  return ahead >= 0 ? ahead : lines.length
}
