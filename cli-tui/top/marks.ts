/** Signs that are not letters. The ASCII set is for terminals whose locale is not UTF-8. */
export interface Marks {
  readonly ascii: boolean
  readonly ellipsis: string
  readonly full: string
  readonly empty: string
  readonly rule: string
  readonly cursor: string
  readonly dot: string
  readonly up: string
  readonly down: string
  readonly branch: string
  readonly last: string
  readonly about: string
  /** From low to high. */
  readonly steps: string
  readonly noStep: string
}

export const UNICODE: Marks = {
  ascii: false,
  ellipsis: '…',
  full: '█',
  empty: '░',
  rule: '─',
  cursor: '▸',
  dot: '·',
  up: '▲',
  down: '▼',
  branch: '├─',
  last: '└─',
  about: '≈',
  steps: '▁▂▃▄▅▆▇█',
  noStep: '·',
}

export const ASCII: Marks = {
  ascii: true,
  ellipsis: '~',
  full: '#',
  empty: '.',
  rule: '-',
  cursor: '>',
  dot: '-',
  up: '^',
  down: 'v',
  branch: '|-',
  last: '`-',
  about: '~',
  steps: '.:-=+*%#',
  noStep: ' ',
}

/** POSIX: LC_ALL beats LC_CTYPE beats LANG; the first that is set and not empty decides. */
export function marksFor(env: Readonly<Record<string, string | undefined>>): Marks {
  const locale =
    [env['LC_ALL'], env['LC_CTYPE'], env['LANG']].find((value) => value !== undefined && value !== '') ?? ''
  return /utf-?8/i.test(locale) ? UNICODE : ASCII
}
