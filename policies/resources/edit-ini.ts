/** Sections with keys and values; the section '' is what comes before the first one. null: it is to be absent. */
export type IniEdit = { readonly [section: string]: IniSection | null }
export type IniSection = { readonly [key: string]: string | number | boolean | null }

/** `undo` is an edit that brings back what was there. Comments, order and spacing of everything else stay. */
export interface EditedIni {
  readonly lines: readonly string[]
  readonly undo: IniEdit
}

/** Sets and removes single keys. Of a key that stands twice in its section the last one counts, and is changed. */
export function editIni(lines: readonly string[], edit: IniEdit): EditedIni {
  let now = lines
  const undo: Record<string, Record<string, string | null> | null> = {}
  for (const [section, keys] of Object.entries(edit)) {
    if (keys === null) {
      now = withoutSection(now, section)
      continue
    }
    if (section !== '' && findSection(now, section) === null && Object.values(keys).some((value) => value !== null)) {
      now = [...now, ...(now.length > 0 && now.at(-1) !== '' ? [''] : []), `[${section}]`]
      undo[section] = null
    }
    for (const [key, value] of Object.entries(keys)) {
      const set = setKey(now, section, key, value)
      if (set.lines !== now && undo[section] !== null) undo[section] = { ...undo[section], [key]: set.was }
      now = set.lines
    }
  }
  return { lines: now, undo }
}

interface Span {
  readonly from: number
  /** Behind its last line. */
  readonly to: number
}

function findSection(lines: readonly string[], section: string): Span | null {
  const header = (line: string): string | null => /^\s*\[(.*?)\]\s*(?:[#;].*)?$/.exec(line)?.[1]?.trim() ?? null
  const from = section === '' ? 0 : lines.findIndex((line) => header(line) === section) + 1
  if (section !== '' && from === 0) return null
  const next = lines.findIndex((line, i) => i >= from && header(line) !== null)
  return { from, to: next < 0 ? lines.length : next }
}

function setKey(
  lines: readonly string[],
  section: string,
  key: string,
  value: string | number | boolean | null,
): { readonly lines: readonly string[]; readonly was: string | null } {
  const span = findSection(lines, section)
  if (span === null) return { lines, was: null }
  const at = lines.findLastIndex((line, i) => i >= span.from && i < span.to && keyOf(line) === key)
  const found = lines[at]
  if (found === undefined) {
    if (value === null) return { lines, was: null }
    return { lines: lines.toSpliced(endOf(lines, span), 0, `${key} = ${value}`), was: null }
  }
  const [, head = '', was = ''] = /^([^=]*=\s*)(.*?)\s*$/.exec(found) ?? []
  if (value === null) return { lines: lines.toSpliced(at, 1), was }
  return was === String(value) ? { lines, was } : { lines: lines.with(at, `${head}${value}`), was }
}

/** null for comments, headers and what has no `=`. */
function keyOf(line: string): string | null {
  return /^\s*([^#;[=\s][^=]*?)\s*=/.exec(line)?.[1] ?? null
}

/** Behind the last line of a section that says something. */
function endOf(lines: readonly string[], { from, to }: Span): number {
  let end = to
  while (end > from && lines[end - 1]?.trim() === '') end--
  return end
}

function withoutSection(lines: readonly string[], section: string): readonly string[] {
  const span = findSection(lines, section)
  if (span === null) return lines
  return lines.toSpliced(Math.max(0, span.from - 1), span.to - Math.max(0, span.from - 1))
}
