import type { SeenEvent } from '../source.ts'

export interface EventGroup extends SeenEvent {
  /** How often it happened in a row. */
  readonly count: number
  readonly firstAt: number
}

const LEVELS: readonly SeenEvent['level'][] = ['debug', 'info', 'warn', 'error']

export interface EventFilter {
  readonly text: string
  readonly least: SeenEvent['level']
}

/** Newest first; the same thing several times in a row (within a minute of each other) is one line with a count. */
export function coalesce(events: readonly SeenEvent[], { text, least }: EventFilter): EventGroup[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean)
  const from = LEVELS.indexOf(least)
  const groups: EventGroup[] = []
  for (const event of events) {
    const told = `${event.kind} ${event.level} ${event.message}`.toLowerCase()
    if (LEVELS.indexOf(event.level) < from || !words.every((word) => told.includes(word))) continue
    const last = groups.at(-1)
    if (last !== undefined && last.kind === event.kind && last.message === event.message && event.at - last.at < 60_000)
      groups[groups.length - 1] = { ...event, count: last.count + 1, firstAt: last.firstAt }
    else groups.push({ ...event, count: 1, firstAt: event.at })
  }
  return groups.reverse()
}

export const nextLevel = (level: SeenEvent['level']): SeenEvent['level'] =>
  LEVELS[(LEVELS.indexOf(level) + 1) % LEVELS.length] ?? 'info'
