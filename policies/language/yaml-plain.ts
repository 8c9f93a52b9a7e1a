import { LIMITS } from '../limits.ts'
import type { YamlEntry, YamlNode, YamlScalar } from './yaml.ts'

/**
 * Reads the YAML that people write in policies: block maps and lists, plain and quoted texts on one line, and brackets that
 * close on the line they open in. Whatever else there is (anchors, tags, block texts, comments behind a value, anything
 * wrong) makes the whole file one for the real parser, which alone says what is wrong. For a policy of a thousand files
 * this takes a tenth of the parser's time, and a test holds that both give the same nodes with the same places.
 *
 * @returns undefined if the file is not as plain as that
 */
export function readPlainYaml(file: string, text: string): YamlNode | undefined {
  if (UNUSUAL.test(text)) return undefined
  try {
    return new PlainReader(file, text).document()
  } catch (error) {
    if (error === NOT_PLAIN) return undefined
    throw error
  }
}

/** Not an error: the file is only one for the real parser. */
const NOT_PLAIN = new Error('not plain')

/** Tabs, carriage returns, control characters, all beyond the basic plane, and lines that begin or end documents. */
const UNUSUAL = /[^\n\x20-\x7e\u00a0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd]|^(?:---|\.\.\.|%)/m
const KEY = /([A-Za-z_][\w./-]*):(?=[ \n]|$)/y
/** As JSON has it, which is a part of what YAML has. */
const DOUBLE = /"(?:[^"\\\n]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y
const SINGLE = /'(?:[^'\n]|'')*'/y
/** A text without quotes begins with none of the signs that mean something, or with a dash before a letter or digit. */
const PLAIN = /(?:[\w$(./=^~+\u00a0-\ufffd]|-(?=[\w./]))[^\n]*/y
const PLAIN_IN_BRACKETS = /(?:[\w$(./=^~+\u00a0-\ufffd]|-(?=[\w./]))[^\n,[\]{}]*/y
const NOTHING = /^(?:~|null|Null|NULL)$/
const TRUE = /^(?:true|True|TRUE)$/
const FALSE = /^(?:false|False|FALSE)$/
const WHOLE = /^(?:0|[1-9][0-9]{0,14})$/
/** What the core schema takes for a number. */
const NUMBER = new RegExp(
  [
    String.raw`^[-+]?(?:[0-9]+|\.[0-9]+|[0-9]+\.[0-9]*)$`,
    String.raw`^0o[0-7]+$|^0x[0-9a-fA-F]+$`,
    String.raw`^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)[eE][-+]?[0-9]+$`,
    String.raw`^(?:[-+]?\.(?:inf|Inf|INF)|\.nan|\.NaN|\.NAN)$`,
  ].join('|'),
)

class PlainReader {
  readonly #file: string
  readonly #text: string
  #at = 0
  /** Columns before the next content, whose first character is at `#at`; -1 at the end. */
  #indent = -1
  #nodesLeft = LIMITS.yamlNodes

  constructor(file: string, text: string) {
    this.#file = file
    this.#text = text
  }

  document(): YamlNode {
    this.#nextLine()
    const node = this.#indent === 0 ? this.#block(0, 1) : refuse()
    return this.#indent === -1 ? node : refuse()
  }

  /** Goes to the first content at or after the start of a line. */
  #nextLine(): void {
    const text = this.#text
    for (;;) {
      const start = this.#at
      this.#skipSpaces()
      const sign = text[this.#at]
      if (sign === undefined) {
        this.#indent = -1
        return
      }
      if (sign === '#') this.#at = this.#lineEnd()
      else if (sign !== '\n') {
        this.#indent = this.#at - start
        return
      }
      this.#at++
    }
  }

  /** A map or list whose lines begin in this column. */
  #block(column: number, depth: number): YamlNode {
    if (depth >= LIMITS.depth) refuse()
    return this.#isItem() ? this.#list(column, depth) : this.#map(column, depth)
  }

  #isItem(): boolean {
    const next = this.#text[this.#at + 1]
    return this.#text[this.#at] === '-' && (next === ' ' || next === '\n')
  }

  #list(column: number, depth: number): YamlNode {
    const offset = this.#at
    const items: YamlNode[] = []
    while (this.#indent === column && this.#isItem()) {
      const start = this.#at++
      this.#skipSpaces()
      // What stands behind the dash begins a column of its own.
      const inner = column + this.#at - start
      if (this.#text[this.#at] === '\n' || this.#isItem()) refuse()
      if (this.#peekKey() === undefined) items.push(this.#lineValue(column))
      else {
        this.#indent = inner
        items.push(this.#map(inner, depth + 1))
      }
    }
    if (this.#indent > column) refuse()
    this.#count(1)
    return { kind: 'list', file: this.#file, offset, items }
  }

  #map(column: number, depth: number): YamlNode {
    if (depth >= LIMITS.depth) refuse()
    const offset = this.#at
    const entries: YamlEntry[] = []
    const seen = new Set<string>()
    while (this.#indent === column && !this.#isItem()) {
      const start = this.#at
      const key = this.#key(seen)
      this.#skipSpaces()
      const value = this.#text[this.#at] === '\n' ? this.#below(column, depth) : this.#lineValue(column)
      entries.push({ key, file: this.#file, offset: start, value })
    }
    if (this.#indent > column) refuse()
    this.#count(1)
    return { kind: 'map', file: this.#file, offset, entries }
  }

  /** What stands in the lines below a key: deeper, or a list in its own column. */
  #below(column: number, depth: number): YamlNode {
    this.#nextLine()
    if (this.#indent > column) return this.#block(this.#indent, depth + 1)
    return this.#indent === column && this.#isItem() ? this.#list(column, depth + 1) : refuse()
  }

  #peekKey(): string | undefined {
    KEY.lastIndex = this.#at
    return KEY.exec(this.#text)?.[1]
  }

  #key(seen: Set<string>): string {
    const key = this.#peekKey() ?? refuse()
    if (seen.has(key) || NOTHING.test(key) || key === '__proto__') refuse()
    seen.add(key)
    this.#at += key.length + 1
    return key
  }

  /** A value that ends with its line, as the next one is not deeper. */
  #lineValue(column: number): YamlNode {
    const sign = this.#text[this.#at]
    const value = sign === '{' || sign === '[' ? this.#brackets(1) : (this.#quoted() ?? this.#plain(PLAIN))
    this.#skipSpaces()
    if (this.#at < this.#text.length && this.#text[this.#at] !== '\n') refuse()
    this.#at++
    this.#nextLine()
    // A text goes on in lines that are deeper.
    return this.#indent > column ? refuse() : value
  }

  #brackets(depth: number): YamlNode {
    // Blocks and brackets together: half of the limit each is more than anybody writes.
    if (depth * 2 > LIMITS.depth) refuse()
    const offset = this.#at
    const open = this.#text[this.#at++]
    const close = open === '{' ? '}' : ']'
    const entries: YamlEntry[] = []
    const items: YamlNode[] = []
    const seen = new Set<string>()
    this.#skipSpaces()
    while (this.#text[this.#at] !== close) {
      const start = this.#at
      if (open === '{') {
        const key = this.#key(seen)
        this.#skipSpaces()
        entries.push({ key, file: this.#file, offset: start, value: this.#bracketValue(depth) })
      } else items.push(this.#bracketValue(depth))
      this.#skipSpaces()
      if (this.#text[this.#at] !== ',') break
      this.#at++
      this.#skipSpaces()
      if (this.#text[this.#at] === close) refuse()
    }
    if (this.#text[this.#at++] !== close) refuse()
    this.#count(1)
    return open === '{'
      ? { kind: 'map', file: this.#file, offset, entries }
      : { kind: 'list', file: this.#file, offset, items }
  }

  #bracketValue(depth: number): YamlNode {
    const sign = this.#text[this.#at]
    if (sign === '{' || sign === '[') return this.#brackets(depth + 1)
    return this.#quoted() ?? this.#plain(PLAIN_IN_BRACKETS)
  }

  #quoted(): YamlScalar | undefined {
    const offset = this.#at
    const sign = this.#text[offset]
    if (sign !== '"' && sign !== "'") return undefined
    const pattern = sign === '"' ? DOUBLE : SINGLE
    pattern.lastIndex = offset
    const source = pattern.exec(this.#text)?.[0] ?? refuse()
    this.#at += source.length
    // A quoted text before a colon is a key.
    if (this.#text[this.#at] === ':') refuse()
    const value = sign === '"' ? unescaped(source) : source.slice(1, -1).replaceAll("''", "'")
    return this.#scalar(value.isWellFormed() ? value : refuse(), offset, this.#at)
  }

  #plain(pattern: RegExp): YamlScalar {
    const offset = this.#at
    pattern.lastIndex = offset
    const source = (pattern.exec(this.#text)?.[0] ?? refuse()).trimEnd()
    if (/:(?: |$)| #|\u00a0$/.test(source)) refuse()
    this.#at += source.length
    return this.#scalar(meaning(source), offset, this.#at)
  }

  #scalar(value: YamlScalar['value'], offset: number, end: number): YamlScalar {
    this.#count(1)
    return { kind: 'scalar', file: this.#file, offset, end, value }
  }

  #count(nodes: number): void {
    this.#nodesLeft -= nodes
    if (this.#nodesLeft < 0) refuse()
  }

  #skipSpaces(): void {
    while (this.#text[this.#at] === ' ') this.#at++
  }

  #lineEnd(): number {
    const end = this.#text.indexOf('\n', this.#at)
    return end < 0 ? this.#text.length : end
  }
}

function refuse(): never {
  throw NOT_PLAIN
}

function unescaped(source: string): string {
  if (!source.includes('\\')) return source.slice(1, -1)
  // The pattern lets nothing through that JSON reads otherwise.
  const value: unknown = JSON.parse(source)
  return typeof value === 'string' ? value : refuse()
}

function meaning(source: string): YamlScalar['value'] {
  if (NOTHING.test(source)) return null
  if (TRUE.test(source)) return true
  if (FALSE.test(source)) return false
  if (WHOLE.test(source)) return Number(source)
  return NUMBER.test(source) ? refuse() : source
}
