type LineEnd = '' | '\n' | '\r\n'

/**
 * A file as lines, for edits that leave the rest of it as it is, byte for byte: each line keeps its own end, the last one
 * also that it has none. A file that is not UTF-8 is taken byte by byte, one character each.
 */
export class TextFile {
  readonly lines: readonly string[]
  readonly #bytes: Uint8Array
  readonly #byteWise: boolean
  readonly #ends: readonly LineEnd[]
  /** Of new lines: what most of the file has. */
  readonly #newEnd: LineEnd

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    const text = utf8(bytes)
    this.#byteWise = text === null
    const parts = (text ?? byteText(bytes)).split('\n')
    const last = parts.pop() ?? ''
    const ends = parts.map((part): LineEnd => (part.endsWith('\r') ? '\r\n' : '\n'))
    const lines = parts.map((part) => (part.endsWith('\r') ? part.slice(0, -1) : part))
    this.lines = last === '' ? lines : [...lines, last]
    this.#ends = last === '' ? ends : [...ends, '']
    this.#newEnd = ends.filter((end) => end === '\r\n').length * 2 > ends.length ? '\r\n' : '\n'
  }

  /** Texts of a policy as characters of this file. */
  foreign<T>(value: T): T {
    if (!this.#byteWise) return value
    // What goes in is plain data, and comes out with the same shape.
    return JSON.parse(JSON.stringify(value), (_key, item: unknown) =>
      typeof item === 'string' ? byteText(new TextEncoder().encode(item)) : item,
    ) as T
  }

  /** The other way round, as far as that can be said. */
  native(text: string | null): string | null {
    return text === null || !this.#byteWise ? text : (utf8(bytesOf(text)) ?? text)
  }

  /** The file with other lines; the very same bytes if they are equal. */
  with(lines: readonly string[]): Uint8Array {
    if (lines.length === this.lines.length && lines.every((line, i) => line === this.lines[i])) return this.#bytes
    const ends = this.#endsFor(lines)
    const text = lines
      .map((line, i) => line + (ends[i] === '' && i < lines.length - 1 ? this.#newEnd : (ends[i] ?? this.#newEnd)))
      .join('')
    return this.#byteWise ? bytesOf(text) : new TextEncoder().encode(text)
  }

  /** Which line is which: one that was replaced stands in its place, of others the text tells. */
  #endsFor(lines: readonly string[]): readonly LineEnd[] {
    const { lines: old } = this
    if (lines.length === old.length) return this.#ends
    const shorter = Math.min(lines.length, old.length)
    let start = 0
    while (start < shorter && lines[start] === old[start]) start++
    let same = 0
    while (same < shorter - start && lines.at(-1 - same) === old.at(-1 - same)) same++
    const ends = this.#ends.slice(0, start)
    let at = start
    for (const line of lines.slice(start, lines.length - same)) {
      const found = old.indexOf(line, at)
      const known = found >= 0 && found < old.length - same
      ends.push(known ? (this.#ends[found] ?? this.#newEnd) : this.#newEnd)
      if (known) at = found + 1
    }
    return [...ends, ...this.#ends.slice(old.length - same)]
  }
}

/** null: the bytes are not UTF-8. A byte order mark stays a character. */
export function utf8(bytes: Uint8Array): string | null {
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
