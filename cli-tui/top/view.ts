import type { LogEntry } from '../../node/control/index.ts'
import { age } from '../out/text.ts'
import { LOOKS } from './health.ts'
import { BLANK, cell, span } from './line.ts'
import type { Line, Span } from './line.ts'
import type { Marks } from './marks.ts'
import type {
  ActionState,
  Connection,
  Group,
  Health,
  NodeDetail,
  NodePage,
  PolicyRow,
  Receipt,
  SeenEvent,
  Summary,
} from './source.ts'
import { placeOf } from './ui.ts'
import type { Ui } from './ui.ts'

/** What was heard of the mesh so far; undefined: not yet asked, or not yet answered. */
export interface Data {
  readonly connection: Connection
  readonly banner?: string | undefined
  readonly actions: readonly ActionState[]
  readonly summary?: Summary
  readonly groups?: { readonly by: string; readonly list: readonly Group[] }
  readonly heat?: { readonly by: string; readonly across: string; readonly list: readonly Group[] }
  readonly page?: NodePage
  readonly policies?: readonly PolicyRow[]
  readonly log?: { readonly policy: string; readonly entries: readonly LogEntry[] }
  readonly node?: { readonly id: string; readonly detail: NodeDetail | undefined }
  /** What the node tells of itself, or why it does not. */
  readonly receipt?: { readonly id: string; readonly told: Receipt | string }
  readonly events: readonly SeenEvent[]
}

export interface View {
  readonly ui: Ui
  readonly data: Data
  readonly columns: number
  /** Rows between the head and the foot of the screen. */
  readonly rows: number
  readonly marks: Marks
  /** Local clock, ms since 1970. */
  readonly now: number
}

/** What a screen draws, and what its keys need to know. */
export interface Body {
  readonly lines: readonly Line[]
  /** Rows of its list, and how many of them fit. */
  readonly total: number
  readonly visible: number
  /** Rows that a page key moves, where that is not `visible`: text has no cursor, it moves as a whole. */
  readonly page?: number
  readonly node?: string | undefined
  readonly policy?: string | undefined
  readonly version?: string | undefined
  readonly nodeName?: string | undefined
  readonly values?: readonly string[] | undefined
  /** What is under the cursor, in full, where that is only text. */
  readonly text?: Ui['text']
}

export const still = (lines: readonly Line[]): Body => ({ lines, total: 0, visible: 0 })

/** Text that is longer than the screen: up and down move it. */
export function scrolled(head: readonly Line[], text: readonly Line[], view: View): Body {
  const visible = Math.max(1, view.rows - head.length)
  const total = Math.max(1, text.length - visible + 1)
  const top = Math.min(placeOf(view.ui).cursor, total - 1)
  return { lines: [...head, ...text.slice(top, top + visible)], total, visible: 1, page: Math.max(1, visible - 1) }
}

export function stateSpan(state: Health, marks: Marks): Span {
  const look = LOOKS[state]
  return span(`${marks.ascii ? look.ascii : look.sign} ${state}`, look.tone)
}

/** `12,345` */
export const grouped = (count: number): string => String(count).replace(/\B(?=(\d{3})+$)/g, ',')

/** `99.9%`; never 100% while one is missing, never 0% while there is one. */
export function percent(part: number, of: number): string {
  if (of === 0) return '-'
  const share = (100 * part) / of
  if (part < of && share > 99.9) return '99.9%'
  if (part > 0 && share < 0.1) return '0.1%'
  return `${part === of || part === 0 ? share : share.toFixed(1)}%`
}

export function bar(part: number, of: number, columns: number, marks: Marks): string {
  const wide = Math.max(0, columns)
  const exact = of === 0 ? 0 : (wide * part) / of
  const full = part < of ? Math.min(wide - 1, Math.floor(exact)) : Math.round(exact)
  return marks.full.repeat(Math.max(0, full)) + marks.empty.repeat(Math.max(0, wide - Math.max(0, full)))
}

/** Age of something that was `ms` old when it was heard of at `at`. */
export const ageAt = (ms: number | null, at: number, now: number): string =>
  ms === null ? 'never' : age(ms + Math.max(0, now - at))

export function heading(title: string, columns: number, marks: Marks): Line {
  return [span(`${title} `, 'bold'), span(marks.rule.repeat(Math.max(0, columns - title.length - 1)), 'dim')]
}

/** Two blocks of lines next to each other. */
export function beside(
  left: readonly Line[],
  right: readonly Line[],
  leftColumns: number,
  cut: (line: Line, columns: number) => Line,
): Line[] {
  return Array.from({ length: Math.max(left.length, right.length) }, (_, index) => [
    ...cut(left[index] ?? BLANK, leftColumns),
    span('  '),
    ...(right[index] ?? BLANK),
  ])
}

/** A name in a fixed column and what it is. */
export const fact = (name: string, value: string | Span, marks: Marks, wide = 10): Line => [
  span(cell(name, wide, marks), 'dim'),
  typeof value === 'string' ? span(value) : value,
]
