/** Where a frame goes: a terminal, in its alternate screen. */
export interface Paper {
  write(text: string): unknown
}

/** DEC private mode 2026: the terminal shows what comes between at once. Others ignore it. */
const BEGIN = '\u001b[?2026h'
const END = '\u001b[?2026l'

/**
 * Writes frames to the alternate screen, and of a frame only the rows that changed. Ink lays out and compares every cell of a frame in its own
 * form, which costs 12 ms of CPU at 200x50 and most of the memory; rows that are ready-made strings need neither.
 */
export class Painter {
  readonly #paper: Paper
  #shown: readonly string[] = []
  #columns = 0

  constructor(paper: Paper) {
    this.#paper = paper
  }

  /** @param rows each exactly `columns` wide */
  paint(rows: readonly string[], columns: number): void {
    // Another size: the terminal has moved what was there.
    const fresh = columns !== this.#columns || rows.length !== this.#shown.length
    let text = fresh ? '\u001b[2J' : ''
    for (const [index, row] of rows.entries())
      if (fresh || row !== this.#shown[index]) text += `\u001b[${index + 1};1H${row}`
    this.#shown = rows
    this.#columns = columns
    if (text !== '') this.#paper.write(`${BEGIN}${text}${END}`)
  }
}
