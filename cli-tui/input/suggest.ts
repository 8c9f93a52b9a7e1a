/** The nearest of `known` to a mistyped `word`, or undefined when nothing is near enough to be meant. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  let best: string | undefined
  let bestDistance = Number.POSITIVE_INFINITY
  for (const candidate of known) {
    const distance = typos(word.toLowerCase(), candidate.toLowerCase())
    if (distance < bestDistance) {
      best = candidate
      bestDistance = distance
    }
  }
  // One slip in short words, about one in three letters in long ones: more is a different word.
  return bestDistance <= Math.max(1, Math.floor(Math.max(word.length, best?.length ?? 0) / 3)) ? best : undefined
}

/** `; did you mean "x"?`, or '' when nothing is near. */
export function didYouMean(word: string, known: readonly string[]): string {
  const guess = nearest(word, known)
  return guess === undefined ? '' : `; did you mean "${guess}"?`
}

/** Optimal string alignment distance: insert, delete, replace, or swap two neighbours, each one step. Inputs are cut at 64 characters. */
function typos(left: string, right: string): number {
  const a = left.slice(0, 64)
  const b = right.slice(0, 64)
  let before: number[] = []
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1]
      const cell = Math.min((previous[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (previous[j - 1] ?? 0) + (same ? 0 : 1))
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      row.push(swapped ? Math.min(cell, (before[j - 2] ?? 0) + 1) : cell)
    }
    before = previous
    previous = row
  }
  return previous[b.length] ?? a.length
}
