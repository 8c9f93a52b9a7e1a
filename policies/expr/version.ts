/**
 * Versions as people write them: `1.10`, `v2.0.0-rc1`, `1:9.2p1-2+deb12u3`. Runs of digits compare as numbers, runs of
 * letters as text, a missing part counts as 0, letters sort before the end (`1.0-rc1` before `1.0`), `~` before
 * everything (Debian), and what follows `+` breaks ties only.
 */
export class Version {
  readonly text: string
  readonly #parts: readonly (number | string)[]
  readonly #build: readonly (number | string)[]

  constructor(text: string) {
    this.text = text
    const plus = text.indexOf('+')
    this.#parts = split(plus < 0 ? text : text.slice(0, plus))
    this.#build = plus < 0 ? [] : split(text.slice(plus + 1))
  }

  /** Below 0 if this is the older one, above 0 if it is the newer one, 0 if they are equal. */
  compare(other: Version): number {
    return compareParts(this.#parts, other.#parts) || compareParts(this.#build, other.#build)
  }
}

function split(text: string): readonly (number | string)[] {
  const found = text.replace(/^v(?=\d)/i, '').match(/\d+|[a-z]+|~/gi) ?? []
  return found.map((part) => (/^\d/.test(part) ? Number(part) : part.toLowerCase()))
}

/** Order of the kinds: `~`, then letters, then the end (which is 0), then numbers above 0. */
function compareParts(left: readonly (number | string)[], right: readonly (number | string)[]): number {
  const length = Math.max(left.length, right.length)
  for (let i = 0; i < length; i++) {
    const order = comparePart(left[i] ?? 0, right[i] ?? 0)
    if (order !== 0) return order
  }
  return 0
}

function comparePart(a: number | string, b: number | string): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b
  if (typeof a === 'number') return 1
  if (typeof b === 'number') return -1
  if (a === b) return 0
  if (a === '~') return -1
  if (b === '~') return 1
  return a < b ? -1 : 1
}
