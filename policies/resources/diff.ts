import { LIMITS } from '../limits.ts'

/**
 * A unified diff of two contents, for people. Binary or large content is said to be so, control characters are made
 * visible. The longest common subsequence is found by dynamic programming after equal ends are cut off; `LIMITS` bounds
 * its cost and its length.
 *
 * @param before null if there is no file yet
 */
export function unifiedDiff(path: string, before: Uint8Array | null, after: Uint8Array): string {
  const head = `--- ${before === null ? '/dev/null' : path}\n+++ ${path}\n`
  const old = before === null ? '' : textOf(before)
  const fresh = textOf(after)
  if (old === null || fresh === null) return head + sizes(before?.length ?? 0, after.length)
  const oldLines = linesOf(old)
  const freshLines = linesOf(fresh)
  if (oldLines.length > LIMITS.diffLines || freshLines.length > LIMITS.diffLines) {
    return `${head}${oldLines.length} -> ${freshLines.length} lines, too many to compare line by line\n`
  }
  return head + bounded(hunks(edits(oldLines, freshLines)))
}

/** What is said of content that is not compared line by line. */
export function sizes(before: number, after: number): string {
  return `binary or large content, ${before} -> ${after} bytes\n`
}

function textOf(bytes: Uint8Array): string | null {
  if (bytes.length > LIMITS.diffBytes || bytes.includes(0)) return null
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return null
  }
}

function linesOf(text: string): string[] {
  if (text === '') return []
  const lines = text.split('\n')
  if (lines.at(-1) === '') lines.pop()
  else lines.push(`${lines.pop()}${NO_END}`)
  return lines
}

type Edit = readonly [sign: ' ' | '-' | '+', line: string]

function edits(a: readonly string[], b: readonly string[]): Edit[] {
  let start = 0
  while (start < a.length && start < b.length && a[start] === b[start]) start++
  let endA = a.length
  let endB = b.length
  while (endA > start && endB > start && a[endA - 1] === b[endB - 1]) {
    endA--
    endB--
  }
  const same = (lines: readonly string[]): Edit[] => lines.map((line) => [' ', line])
  return [...same(a.slice(0, start)), ...middle(a.slice(start, endA), b.slice(start, endB)), ...same(a.slice(endA))]
}

function middle(a: readonly string[], b: readonly string[]): Edit[] {
  const width = b.length + 1
  const length = new Uint16Array((a.length + 1) * width)
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      const at = i * width + j
      length[at] =
        a[i] === b[j] ? (length[at + width + 1] ?? 0) + 1 : Math.max(length[at + width] ?? 0, length[at + 1] ?? 0)
    }
  }
  const found: Edit[] = []
  let i = 0
  let j = 0
  while (i < a.length || j < b.length) {
    const x = a[i]
    const y = b[j]
    const at = i * width + j
    if (x !== undefined && x === y) {
      found.push([' ', x])
      i++
      j++
    } else if (x !== undefined && (y === undefined || (length[at + width] ?? 0) >= (length[at + 1] ?? 0))) {
      found.push(['-', x])
      i++
    } else if (y !== undefined) {
      found.push(['+', y])
      j++
    }
  }
  return found
}

const CONTEXT = 3
/** Marks a last line without a line end, which makes it another line; texts have no zero bytes. */
const NO_END = '\0'
/** Everything a terminal could take for a command; tabs are harmless. */
const CONTROL = /[^\P{Cc}\t]/gu

/** Groups edits with three lines around them, each group under its `@@` line. */
function hunks(all: readonly Edit[]): string[] {
  const lines: string[] = []
  let oldLine = 1
  let newLine = 1
  let at = 0
  while (at < all.length) {
    const next = all.findIndex(([sign], i) => i >= at && sign !== ' ')
    if (next < 0) break
    const from = Math.max(at, next - CONTEXT)
    oldLine += from - at
    newLine += from - at
    let to = next
    let quiet = 0
    while (to < all.length && quiet <= 2 * CONTEXT) {
      quiet = all[to]?.[0] === ' ' ? quiet + 1 : 0
      to++
    }
    to -= Math.max(0, quiet - CONTEXT)
    const part = all.slice(from, to)
    const olds = part.filter(([sign]) => sign !== '+').length
    const news = part.filter(([sign]) => sign !== '-').length
    lines.push(`@@ -${olds === 0 ? 0 : oldLine},${olds} +${news === 0 ? 0 : newLine},${news} @@`)
    for (const [sign, line] of part) lines.push(sign + line)
    oldLine += olds
    newLine += news
    at = to
  }
  return lines
}

function bounded(lines: readonly string[]): string {
  let chars = 0
  let text = ''
  let shown = 0
  for (const line of lines.slice(0, LIMITS.diffShown)) {
    chars += line.length
    if (chars > LIMITS.diffChars) break
    text += printable(line)
    shown++
  }
  return lines.length > shown ? `${text}... ${lines.length - shown} more lines\n` : text
}

function printable(line: string): string {
  if (line.endsWith(NO_END)) return `${printable(line.slice(0, -1))}\\ No newline at end of file\n`
  return `${line.replace(CONTROL, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)}\n`
}
