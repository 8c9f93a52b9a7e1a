import { POLICY_ERRORS, PolicyError, type PolicyErrorCode } from '../errors.ts'
import { LIMITS } from '../limits.ts'
import type { SourcePlace } from '../model.ts'

/** One thing that is wrong with a policy folder. */
export interface Diagnostic extends SourcePlace {
  readonly code: PolicyErrorCode
  /** One sentence: what is wrong. */
  readonly message: string
  /** The line that it concerns and a mark under the place; empty if there is no such line. */
  readonly excerpt: string
  /** What to do. */
  readonly hint: string
}

/** Collects everything that is wrong, so that one run shows it all. */
export class Report {
  readonly #found: Diagnostic[] = []
  readonly #texts = new Map<string, LinedText>()
  readonly #notes = new Map<string, string>()
  #dropped = 0

  /** Makes the lines of a file known, for places and excerpts. */
  addText(file: string, text: string): void {
    this.#texts.set(file, new LinedText(text))
  }

  /** A sentence that ends the advice for everything in another folder: how that folder came to be read. */
  addNote(folder: string, note: string): void {
    if (!this.#notes.has(folder)) this.#notes.set(folder, note)
  }

  /** The text of a file that was added; empty for any other. */
  text(file: string): string {
    return this.#texts.get(file)?.text ?? ''
  }

  /** Line and column of a 0-based offset into a file whose text was added. */
  place(file: string, offset: number): SourcePlace {
    const [line, column] = this.#texts.get(file)?.position(offset) ?? [1, 1]
    return { file, line, column }
  }

  add(code: PolicyErrorCode, at: SourcePlace, message: string, hint: string = POLICY_ERRORS[code][1]): void {
    if (this.#found.length >= LIMITS.diagnostics) {
      this.#dropped++
      return
    }
    const excerpt = this.#texts.get(at.file)?.excerpt(at) ?? ''
    this.#found.push({ code, ...at, message: capitalise(message), excerpt, hint: hint + this.#noteOn(at.file) })
  }

  /** Adds a PolicyError that was thrown while the thing at `at` was looked at; anything else is thrown on. */
  addError(error: unknown, at: SourcePlace, prefix = ''): void {
    if (!(error instanceof PolicyError)) throw error
    const place = error.at ?? at
    // Errors of templates name their place themselves, for those who see no diagnostic.
    const own = `${place.file}:${place.line}:${place.column}: `
    const message = error.message.startsWith(own) ? error.message.slice(own.length) : error.message
    this.add(error.code, place, prefix + message, error.hint)
  }

  /** Runs `action` and reports what it throws; undefined if it threw. */
  attempt<T>(at: SourcePlace, prefix: string, action: () => T): T | undefined {
    try {
      return action()
    } catch (error) {
      this.addError(error, at, prefix)
      return undefined
    }
  }

  #noteOn(file: string): string {
    const inside = [...this.#notes.keys()].filter((folder) => file.startsWith(`${folder}/`))
    const nearest = inside.toSorted((a, b) => b.length - a.length)[0]
    return nearest === undefined ? '' : ` ${this.#notes.get(nearest) ?? ''}`
  }

  /** All findings in the order of the files and their lines, without repetitions. */
  list(): readonly Diagnostic[] {
    const sorted = [...this.#found].sort(byPlace)
    const unique = sorted.filter((item, i) => i === 0 || byPlace(item, sorted[i - 1] ?? item) !== 0)
    const last = unique.at(-1)
    if (this.#dropped === 0 || last === undefined) return unique
    const message = `There are ${this.#dropped} more problems that are not shown.`
    return [...unique, { ...last, code: 'E_TOO_LARGE', message, excerpt: '', hint: 'Correct these first.' }]
  }

  get empty(): boolean {
    return this.#found.length === 0
  }
}

/** One diagnostic as the lines that an editor and a terminal understand: file:line:column first. */
export function formatDiagnostic(item: Diagnostic): string {
  const head = `${item.file}:${item.line}:${item.column}: ${item.message} [${item.code}]`
  return [head, ...(item.excerpt === '' ? [] : [item.excerpt]), `  ${item.hint}`].join('\n')
}

function byPlace(a: Diagnostic, b: Diagnostic): number {
  if (a.file !== b.file) return a.file < b.file ? -1 : 1
  return a.line - b.line || a.column - b.column || compare(a.code, b.code) || compare(a.message, b.message)
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** Words of the language that start a sentence as they are written. */
const KEYWORDS =
  /^(select|when|each|health|priority|onFork|onChange|rollout|use|extends|age|exec|file|oneOf|node|vars|data|after|secrets)[ .:]/

function capitalise(text: string): string {
  const sentence =
    /^[a-z]+[ ,]/.test(text) && !KEYWORDS.test(text) ? text.slice(0, 1).toUpperCase() + text.slice(1) : text
  return /[.?!]$/.test(sentence) ? sentence : `${sentence}.`
}

/** Columns of an excerpt: long lines are cut around the place. */
const EXCERPT_COLUMNS = 100

class LinedText {
  readonly text: string
  readonly #starts: number[] = [0]

  constructor(text: string) {
    this.text = text
    for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) this.#starts.push(at + 1)
  }

  position(offset: number): readonly [line: number, column: number] {
    let low = 0
    let high = this.#starts.length - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if ((this.#starts[middle] ?? 0) <= offset) low = middle
      else high = middle - 1
    }
    return [low + 1, offset - (this.#starts[low] ?? 0) + 1]
  }

  excerpt({ line, column }: SourcePlace): string {
    const start = this.#starts[line - 1]
    if (start === undefined) return ''
    const whole = this.text.slice(start, (this.#starts[line] ?? this.text.length + 1) - 1).replace(/\r$/, '')
    const cut = Math.max(0, column - 1 - EXCERPT_COLUMNS / 2)
    const shown = whole.slice(cut, cut + EXCERPT_COLUMNS).replace(/\p{Cc}/gu, ' ')
    const margin = `${line}`.padStart(5)
    return `${margin} | ${shown}\n${' '.repeat(5)} | ${' '.repeat(Math.max(0, column - 1 - cut))}^`
  }
}
