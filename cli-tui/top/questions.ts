import type { MeshSource } from './source.ts'
import type { ScreenName, Ui } from './ui.ts'
import type { Data } from './view.ts'

export type Need = 'summary' | 'events' | 'groups' | 'heat' | 'page' | 'policies' | 'log' | 'node' | 'receipt'

/** What each screen asks for, beside the summary and the events, which every screen shows something of. */
export const NEEDS: Readonly<Record<ScreenName, readonly Need[]>> = {
  overview: ['groups'],
  nodes: ['page'],
  node: ['node', 'receipt'],
  policies: ['policies'],
  log: ['log'],
  events: [],
  topology: ['heat'],
  rollout: ['policies'],
  connections: ['node', 'receipt'],
  text: [],
  help: [],
}

export interface Asking {
  readonly source: MeshSource
  readonly ui: Ui
  readonly data: Data
  /** Number of the last event that is known. */
  readonly last: number
  /** Rows of the list that fit. */
  readonly visible: number
}

/** Which rows are asked for: whole screens of them around what shows, so that most keys need no question at all. */
function partOf(ui: Ui, visible: number): { readonly offset: number; readonly limit: number } {
  const rows = Math.max(ROWS_FIRST, visible)
  const { top } = ui.places.nodes ?? { top: 0 }
  return { offset: Math.max(0, (Math.floor(top / rows) - 1) * rows), limit: rows * 4 }
}

/** What a question is about, as far as keys decide it: the same text, the same question. */
export function aboutOf(need: Need, ui: Ui, visible: number): string {
  const { sort, descending, filter, problemsOnly, by, across, policy, node } = ui
  if (need === 'page') return JSON.stringify([sort, descending, filter, problemsOnly, partOf(ui, visible)])
  if (need === 'groups' || need === 'heat') return JSON.stringify([by, across])
  if (need === 'log') return policy ?? ''
  return need === 'node' || need === 'receipt' ? (node ?? '') : ''
}

/** Rows asked for before it is known how many fit. */
const ROWS_FIRST = 20

const labelsOf = async ({ source, data }: Asking): Promise<readonly string[]> =>
  (data.summary ?? (await source.summary())).labels

/** How each need is asked of the source, and where its answer goes. */
export const QUESTIONS: Readonly<Record<Need, (asking: Asking) => Promise<Partial<Data>>>> = {
  summary: async ({ source }) => ({ summary: await source.summary() }),
  events: async ({ source, last }) => ({ events: await source.events(last) }),
  groups: async (asking) => {
    const by = asking.ui.by ?? (await labelsOf(asking))[0]
    return by === undefined ? {} : { groups: { by, list: await asking.source.groups([by]) } }
  },
  heat: async (asking) => {
    const labels = await labelsOf(asking)
    const by = asking.ui.by ?? labels[0]
    const across = asking.ui.across ?? labels.find((name) => name !== by)
    if (by === undefined || across === undefined) return {}
    return { heat: { by, across, list: await asking.source.groups([by, across]) } }
  },
  page: async ({ source, ui, visible }) => {
    const { sort, descending, filter, problemsOnly } = ui
    return { page: await source.page({ sort, descending, filter, problemsOnly, ...partOf(ui, visible) }) }
  },
  policies: async ({ source }) => ({ policies: await source.policies() }),
  log: async ({ source, ui: { policy } }) =>
    policy === undefined ? {} : { log: { policy, entries: await source.log(policy) } },
  node: async ({ source, ui: { node } }) =>
    node === undefined ? {} : { node: { id: node, detail: await source.node(node) } },
  receipt: async ({ source, ui: { node } }) => {
    if (node === undefined) return {}
    try {
      return { receipt: { id: node, told: await source.receipt(node) } }
    } catch (error) {
      return { receipt: { id: node, told: error instanceof Error ? error.message : String(error) } }
    }
  },
}
