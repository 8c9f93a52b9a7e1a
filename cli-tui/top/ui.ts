import type { ActionName, FilterError, SeenEvent, Sort } from './source.ts'

export const SCREENS = [
  'overview',
  'nodes',
  'node',
  'policies',
  'log',
  'events',
  'topology',
  'rollout',
  'connections',
  'text',
  'help',
] as const
export type ScreenName = (typeof SCREENS)[number]

/** Screens with a number; the others are reached from them. */
export const TABS: readonly (readonly [ScreenName, title: string, short: string])[] = [
  ['overview', 'Overview', 'Over'],
  ['policies', 'Policies', 'Pol'],
  ['nodes', 'Nodes', 'Nodes'],
  ['rollout', 'Rollout', 'Roll'],
  ['topology', 'Topology', 'Topo'],
  ['events', 'Events', 'Events'],
]

export interface Place {
  /** Row under the cursor, or the first row shown where there is no cursor. */
  readonly cursor: number
  /** First row shown. */
  readonly top: number
}

/** What is being typed in the line at the bottom. */
export interface Prompt {
  readonly kind: 'filter' | 'command' | 'confirm' | 'text'
  readonly label: string
  readonly text: string
  /** For `confirm`: what must be typed. */
  readonly want?: string
  /** For `confirm` and `text`: what is done then; a `text` is its argument. */
  readonly action?: { readonly name: ActionName; readonly arg: string }
  /** What was in force before, for esc. */
  readonly before: string
}

export interface Notice {
  readonly text: string
  readonly tone: 'info' | 'good' | 'warn' | 'bad'
}

/** Everything that keys change; nothing that the mesh tells. Immutable. */
export interface Ui {
  readonly screen: ScreenName
  readonly back: readonly ScreenName[]
  readonly places: Readonly<Partial<Record<ScreenName, Place>>>
  readonly sort: Sort
  readonly descending: boolean
  readonly filter: string
  readonly problemsOnly: boolean
  readonly eventFilter: string
  readonly least: SeenEvent['level']
  /** Label of the table on Overview and of the rows of Topology; undefined until chosen: the most common. */
  readonly by: string | undefined
  /** Label of Topology's columns. */
  readonly across: string | undefined
  readonly node: string | undefined
  readonly policy: string | undefined
  /** What a command said, when that was more than a line. */
  readonly text: { readonly title: string; readonly lines: readonly string[] } | undefined
  readonly prompt: Prompt | undefined
  readonly notice: Notice | undefined
}

export const FIRST_UI: Ui = {
  screen: 'overview',
  back: [],
  places: {},
  sort: 'state',
  descending: false,
  filter: '',
  problemsOnly: false,
  eventFilter: '',
  least: 'info',
  by: undefined,
  across: undefined,
  node: undefined,
  policy: undefined,
  text: undefined,
  prompt: undefined,
  notice: undefined,
}

const START: Place = { cursor: 0, top: 0 }
export const placeOf = (ui: Ui): Place => ui.places[ui.screen] ?? START

export const withPlace = (ui: Ui, place: Place): Ui => ({ ...ui, places: { ...ui.places, [ui.screen]: place } })

/** Screens to go back through: as many as anyone remembers. */
const BACK_MAX = 8

export function goTo(ui: Ui, screen: ScreenName): Ui {
  if (screen === ui.screen) return ui
  return { ...ui, screen, back: [...ui.back, ui.screen].slice(-BACK_MAX), notice: undefined }
}

export function goBack(ui: Ui): Ui {
  const screen = ui.back.at(-1)
  if (screen === undefined) return ui
  return { ...ui, screen, back: ui.back.slice(0, -1), notice: undefined }
}

/** What the reducer must know of what is shown. */
export interface Shown {
  /** Rows of the list on this screen, and rows that fit. */
  readonly total: number
  readonly rows: number
  /** Rows that a page key moves. */
  readonly page: number
  readonly labels: readonly string[]
  readonly nodeAtCursor: string | undefined
  readonly policyAtCursor: string | undefined
  /** `web/site@3` on a screen of versions. */
  readonly versionAtCursor: string | undefined
  /** Id of the node that the screen runs on. */
  readonly self: string | undefined
  /** Name of the node that the screen is about. */
  readonly nodeName: string | undefined
  readonly values: readonly string[] | undefined
  /** What is under the cursor, in full, where that is only text. */
  readonly text: Ui['text']
  /** What the mesh at hand offers: a simulation more than a daemon, and less. */
  readonly offered: ReadonlySet<ActionName>
  readonly disabled: Readonly<Partial<Record<ActionName, string>>>
  readonly filterError: FilterError | undefined
}

export type Effect = { readonly do: 'quit' } | { readonly do: 'act'; readonly name: ActionName; readonly arg: string }

export interface Step {
  readonly ui: Ui
  readonly effect?: Effect
}
