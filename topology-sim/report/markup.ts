/** Small pieces of HTML. Everything that a scenario or a policy can name goes through `escape`. */

export function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
}

/** @param rows cells are HTML already */
export function table(head: readonly string[], rows: readonly (readonly string[])[], kind = ''): string {
  const cells = (tag: string, row: readonly string[]): string => row.map((cell) => `<${tag}>${cell}</${tag}>`).join('')
  return `<div class="wide"><table class="${kind}"><thead><tr>${cells('th', head.map(escape))}</tr></thead><tbody>${rows
    .map((row) => `<tr>${cells('td', row)}</tr>`)
    .join('')}</tbody></table></div>`
}

/** A row of a bar chart: what, how much of the largest, and the figure. */
export function bars(rows: readonly (readonly [label: string, value: number, text: string])[]): string {
  const largest = Math.max(1, ...rows.map(([, value]) => value))
  return table(
    ['', '', ''],
    rows.map(([label, value, text]) => [
      escape(label),
      `<span class="bar" style="width:${Math.round((value / largest) * 100)}%"></span>`,
      escape(text),
    ]),
    'bars',
  )
}
