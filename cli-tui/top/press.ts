import { begin, runCommand } from './commands.ts'
import { nextLevel } from './derive/coalesce.ts'
import { actFor } from './keys.ts'
import type { Act } from './keys.ts'
import { SIM_ACTIONS, SORTS } from './source.ts'
import { goBack, goTo, placeOf, TABS, withPlace } from './ui.ts'
import type { Prompt, Shown, Step, Ui } from './ui.ts'
import { windowOf } from './columns.ts'

/** Longest text of a prompt: a CEL condition of a policy may not be longer either. */
const PROMPT_MAX = 1000

/** What a key does. Pure: the same screen and key always give the same step. */
export function press(ui: Ui, key: string, shown: Shown): Step {
  if (key === 'ctrl+c') return { ui, effect: { do: 'quit' } }
  if (ui.prompt !== undefined) return typeInto(ui, ui.prompt, key, shown)
  const act = actFor(key, ui.screen)
  if (act === undefined || (isSimAct(act) && !shown.offered.has(act))) return { ui }
  return ACTS[act]({ ...ui, notice: undefined }, shown)
}

const to =
  (screen: Ui['screen']) =>
  (ui: Ui): Step => ({ ui: goTo(ui, screen) })

const move =
  (by: (shown: Shown) => number) =>
  (ui: Ui, shown: Shown): Step => {
    const { cursor, top } = placeOf(ui)
    const next = Math.max(0, Math.min(cursor + by(shown), shown.total - 1))
    return { ui: withPlace(ui, { cursor: next, top: windowOf(next, top, shown.rows, shown.total) }) }
  }

/** A page: cursor and window move together, so that each page shows what the one before did not. */
const turnPage =
  (by: 1 | -1) =>
  (ui: Ui, shown: Shown): Step => {
    const { cursor, top } = placeOf(ui)
    const next = Math.max(0, Math.min(cursor + by * shown.page, shown.total - 1))
    return { ui: withPlace(ui, { cursor: next, top: windowOf(next, top + by * shown.page, shown.rows, shown.total) }) }
  }

const tab =
  (by: number) =>
  (ui: Ui): Step => {
    const at = TABS.findIndex(([screen]) => screen === ui.screen)
    const next = TABS[(Math.max(0, at) + by + TABS.length) % TABS.length]
    return { ui: next === undefined ? ui : goTo(ui, next[0]) }
  }

const turned = <T>(list: readonly T[], current: T | undefined): T | undefined =>
  list[(current === undefined ? 1 : list.indexOf(current) + 1) % list.length]

/** What concerns one version is about the one under the cursor, where there are versions; `retire` is about the policy. */
const ask =
  (name: 'rollback' | 'retire' | 'show' | 'diff') =>
  (ui: Ui, shown: Shown): Step =>
    begin(
      ui,
      shown,
      name,
      (name === 'retire' ? shown.policyAtCursor : (shown.versionAtCursor ?? shown.policyAtCursor)) ?? '',
    )

const isSimAct = (act: Act): act is (typeof SIM_ACTIONS)[number] => SIM_ACTIONS.some((name) => name === act)

/** A fault at the node that the screen is about, or of the whole simulation. */
const fault =
  (name: (typeof SIM_ACTIONS)[number], ofNode: boolean) =>
  (ui: Ui, shown: Shown): Step =>
    begin(ui, shown, name, ofNode ? (shown.nodeName ?? '') : '')

const ACTS: Readonly<Record<Act, (ui: Ui, shown: Shown) => Step>> = {
  quit: (ui) => ({ ui, effect: { do: 'quit' } }),
  help: to('help'),
  overview: to('overview'),
  nodes: to('nodes'),
  policies: to('policies'),
  events: to('events'),
  topology: to('topology'),
  rollout: to('rollout'),
  nextTab: tab(1),
  lastTab: tab(-1),
  up: move(() => -1),
  down: move(() => 1),
  pageUp: turnPage(-1),
  pageDown: turnPage(1),
  first: move(() => Number.MIN_SAFE_INTEGER / 2),
  last: move(() => Number.MAX_SAFE_INTEGER / 2),
  open,
  back: (ui) =>
    ui.screen === 'nodes' && ui.back.length === 0 && ui.filter !== ''
      ? { ui: { ...ui, filter: '' } }
      : { ui: ui.back.length === 0 ? goTo(ui, 'overview') : goBack(ui) },
  filter: (ui) => {
    const before = ui.screen === 'events' ? ui.eventFilter : ui.filter
    return { ui: { ...ui, prompt: { kind: 'filter', label: '/', text: before, before } } }
  },
  command: (ui) => ({ ui: { ...ui, prompt: { kind: 'command', label: ':', text: '', before: '' } } }),
  problems: (ui) => ({ ui: withPlace({ ...ui, problemsOnly: !ui.problemsOnly }, { cursor: 0, top: 0 }) }),
  sort: (ui) => ({ ui: { ...ui, sort: turned(SORTS, ui.sort) ?? ui.sort } }),
  turn: (ui) => ({ ui: { ...ui, descending: !ui.descending } }),
  by: (ui, { labels }) => ({ ui: { ...ui, by: turned(labels, ui.by) } }),
  across: (ui, { labels }) => ({ ui: { ...ui, across: turned(labels, ui.across ?? labels[1]) } }),
  level: (ui) => ({ ui: withPlace({ ...ui, least: nextLevel(ui.least) }, { cursor: 0, top: 0 }) }),
  rollback: ask('rollback'),
  retire: ask('retire'),
  hold: (ui, shown) =>
    begin(ui, shown, shown.disabled.hold !== undefined && shown.disabled.unhold === undefined ? 'unhold' : 'hold', ''),
  invite: (ui, shown) => begin(ui, shown, 'invite', ''),
  publish: (ui, shown) => begin(ui, shown, 'publish', ''),
  pause: fault('pause', false),
  faster: fault('faster', false),
  slower: fault('slower', false),
  crash: fault('crash', true),
  restart: fault('restart', true),
  drift: fault('drift', true),
  partition: fault('partition', true),
  heal: fault('heal', false),
  loss: fault('loss', false),
  revoke: (ui, shown) => begin(ui, shown, 'revoke', shown.nodeName ?? ''),
  show: ask('show'),
  diff: ask('diff'),
  connections: (ui, shown) => {
    const node = shown.nodeAtCursor ?? (ui.screen === 'node' ? ui.node : shown.self)
    return node === undefined ? { ui } : { ui: withPlace({ ...goTo(ui, 'connections'), node }, { cursor: 0, top: 0 }) }
  },
}

function open(ui: Ui, shown: Shown): Step {
  if (shown.nodeAtCursor !== undefined)
    return { ui: withPlace({ ...goTo(ui, 'node'), node: shown.nodeAtCursor }, { cursor: 0, top: 0 }) }
  if (shown.versionAtCursor !== undefined) return begin(ui, shown, 'show', shown.versionAtCursor)
  if (shown.policyAtCursor !== undefined)
    return { ui: withPlace({ ...goTo(ui, 'log'), policy: shown.policyAtCursor }, { cursor: 0, top: 0 }) }
  if (shown.text !== undefined)
    return { ui: { ...withPlace(goTo(ui, 'text'), { cursor: 0, top: 0 }), text: shown.text } }
  if (shown.values === undefined) return { ui }
  // A group of Overview or Topology: its nodes.
  const name = JSON.stringify(ui.by ?? shown.labels[0] ?? '')
  const value = shown.values[0] ?? ''
  // Nothing compares with a label that is absent, so its absence is asked for.
  const filter = value === '' ? `!(${name} in labels)` : `labels[${name}] == ${JSON.stringify(value)}`
  return { ui: withPlace({ ...goTo(ui, 'nodes'), filter, problemsOnly: false }, { cursor: 0, top: 0 }) }
}

function typeInto(ui: Ui, prompt: Prompt, key: string, shown: Shown): Step {
  if (key === 'esc') return { ui: apply({ ...ui, prompt: undefined }, prompt, prompt.before) }
  if (key === 'enter') return finish({ ...ui, prompt: undefined }, prompt, shown)
  const text = edited(prompt.text, key)
  if (text === undefined) return { ui }
  return { ui: apply({ ...ui, prompt: { ...prompt, text } }, prompt, text) }
}

function edited(text: string, key: string): string | undefined {
  if (key === 'backspace') return Array.from(text).slice(0, -1).join('')
  if (key === 'ctrl+u') return ''
  if (key === 'ctrl+w') return text.replace(/\S+\s*$/, '')
  if (key === 'space') return `${text} `
  // Names of other keys (`up`, `ctrl+x`) are longer than one character.
  return Array.from(key).length === 1 && text.length < PROMPT_MAX ? text + key : undefined
}

/** A filter works while it is typed. */
function apply(ui: Ui, prompt: Prompt, text: string): Ui {
  if (prompt.kind !== 'filter') return ui
  const next = ui.screen === 'events' ? { ...ui, eventFilter: text } : { ...ui, filter: text }
  return withPlace(next, { cursor: 0, top: 0 })
}

function finish(ui: Ui, prompt: Prompt, shown: Shown): Step {
  const { kind, action, text } = prompt
  if (kind === 'command') return runCommand(ui, text, shown)
  if (kind === 'filter' || action === undefined) return { ui }
  const typed = text.trim()
  if (kind === 'text')
    return typed === ''
      ? { ui: { ...ui, notice: { text: 'nothing was done', tone: 'info' } } }
      : begin(ui, shown, action.name, typed)
  if (typed !== prompt.want)
    return { ui: { ...ui, notice: { text: `nothing was done: that is not ${prompt.want ?? ''}`, tone: 'warn' } } }
  return {
    ui: { ...ui, notice: { text: `${action.name}: at work`, tone: 'info' } },
    effect: { do: 'act', name: action.name, arg: action.arg },
  }
}
