import { ACTIONS, SIM_ACTIONS } from './source.ts'
import type { ActionName } from './source.ts'
import type { ScreenName } from './ui.ts'

export type Act =
  | 'quit'
  | 'help'
  | 'overview'
  | 'nodes'
  | 'policies'
  | 'events'
  | 'topology'
  | 'rollout'
  | 'nextTab'
  | 'lastTab'
  | 'up'
  | 'down'
  | 'pageUp'
  | 'pageDown'
  | 'first'
  | 'last'
  | 'open'
  | 'back'
  | 'filter'
  | 'command'
  | 'problems'
  | 'sort'
  | 'turn'
  | 'by'
  | 'across'
  | 'level'
  | 'rollback'
  | 'retire'
  | 'hold'
  | 'invite'
  | 'publish'
  | 'revoke'
  | 'show'
  | 'diff'
  | 'connections'
  | SimAct

/** Keys for these are there only where time can be stopped and nodes can be killed for the asking. */
type SimAct = (typeof SIM_ACTIONS)[number]

export interface KeyLine {
  /** Names as `keyNames` gives them; the first is shown. */
  readonly keys: readonly string[]
  readonly act: Act
  readonly what: string
  /** Short, for the line at the bottom; empty: only in help. */
  readonly hint: string
  readonly on: 'all' | readonly ScreenName[]
}

const LISTS: readonly ScreenName[] = [
  'nodes',
  'policies',
  'events',
  'log',
  'node',
  'topology',
  'overview',
  'rollout',
  'connections',
  'text',
  'help',
]

/** Every key, where it works and what it does. Help and the hints at the bottom are made from this; a test finds keys used twice. */
export const KEYS: readonly KeyLine[] = [
  { keys: ['q', 'ctrl+c'], act: 'quit', what: 'leave', hint: 'quit', on: 'all' },
  { keys: ['?'], act: 'help', what: 'this page', hint: 'help', on: 'all' },
  { keys: ['1'], act: 'overview', what: 'Overview', hint: '', on: 'all' },
  { keys: ['2'], act: 'policies', what: 'Policies', hint: '', on: 'all' },
  { keys: ['3'], act: 'nodes', what: 'Nodes', hint: '', on: 'all' },
  { keys: ['4'], act: 'rollout', what: 'Rollout', hint: '', on: 'all' },
  { keys: ['5'], act: 'topology', what: 'Topology', hint: '', on: 'all' },
  { keys: ['6'], act: 'events', what: 'Events', hint: '', on: 'all' },
  { keys: ['tab', 'right'], act: 'nextTab', what: 'next screen', hint: '', on: 'all' },
  { keys: ['shift+tab', 'left'], act: 'lastTab', what: 'screen before', hint: '', on: 'all' },
  { keys: ['up', 'k'], act: 'up', what: 'one row up', hint: '', on: LISTS },
  { keys: ['down', 'j'], act: 'down', what: 'one row down', hint: '', on: LISTS },
  { keys: ['pageup', 'ctrl+b'], act: 'pageUp', what: 'one page up', hint: '', on: LISTS },
  { keys: ['pagedown', 'ctrl+f', 'space'], act: 'pageDown', what: 'one page down', hint: '', on: LISTS },
  { keys: ['g', 'home'], act: 'first', what: 'first row', hint: '', on: LISTS },
  { keys: ['G', 'end'], act: 'last', what: 'last row', hint: '', on: LISTS },
  {
    keys: ['enter'],
    act: 'open',
    what: 'look at what is under the cursor',
    hint: 'open',
    on: ['nodes', 'policies', 'topology', 'overview', 'rollout', 'log', 'connections', 'events'],
  },
  { keys: ['esc', 'backspace'], act: 'back', what: 'back', hint: 'back', on: 'all' },
  { keys: ['/'], act: 'filter', what: 'filter: words, or CEL on Nodes', hint: 'filter', on: ['nodes', 'events'] },
  { keys: [':'], act: 'command', what: 'type a command', hint: 'command', on: 'all' },
  { keys: ['e'], act: 'problems', what: 'only nodes with a problem', hint: 'problems', on: ['nodes'] },
  { keys: ['s'], act: 'sort', what: 'sort by the next column', hint: 'sort', on: ['nodes'] },
  { keys: ['S'], act: 'turn', what: 'turn the order round', hint: '', on: ['nodes'] },
  { keys: ['b'], act: 'by', what: 'table by the next label', hint: 'by label', on: ['overview', 'topology'] },
  { keys: ['a'], act: 'across', what: 'columns by the next label', hint: 'across', on: ['topology'] },
  { keys: ['l'], act: 'level', what: 'from the next level', hint: 'level', on: ['events'] },
  {
    keys: ['c'],
    act: 'connections',
    what: 'connections of this node, with round-trip times',
    hint: 'connections',
    on: ['nodes', 'node', 'topology'],
  },
  { keys: ['d'], act: 'diff', what: 'what changed in this version', hint: 'diff', on: ['policies', 'log', 'rollout'] },
  {
    keys: ['v'],
    act: 'show',
    what: 'the policy as it was published',
    hint: 'show',
    on: ['policies', 'log', 'rollout'],
  },
  { keys: ['P'], act: 'publish', what: 'publish a folder', hint: 'publish', on: ['policies', 'rollout', 'overview'] },
  {
    keys: ['R'],
    act: 'rollback',
    what: 'roll the policy back to its version before',
    hint: 'roll back',
    on: ['policies', 'log', 'rollout'],
  },
  { keys: ['X'], act: 'retire', what: 'end the policy everywhere', hint: 'retire', on: ['policies', 'log'] },
  { keys: ['H'], act: 'hold', what: 'hold this machine, or let it go', hint: 'hold', on: ['overview', 'node'] },
  { keys: ['V'], act: 'revoke', what: 'throw the node out of the mesh', hint: 'revoke', on: ['nodes', 'node'] },
  { keys: ['p'], act: 'pause', what: 'stop virtual time, or let it go on', hint: 'pause', on: 'all' },
  { keys: ['+'], act: 'faster', what: 'more virtual time in a second', hint: 'faster', on: 'all' },
  { keys: ['-'], act: 'slower', what: 'less virtual time in a second', hint: 'slower', on: 'all' },
  { keys: ['K'], act: 'crash', what: 'crash the node', hint: 'crash', on: ['nodes', 'node'] },
  { keys: ['U'], act: 'restart', what: 'start the node again', hint: 'restart', on: ['nodes', 'node'] },
  { keys: ['D'], act: 'drift', what: 'change what is managed on the node', hint: 'drift', on: ['nodes', 'node'] },
  {
    keys: ['%'],
    act: 'partition',
    what: "cut the node's region off",
    hint: 'cut off',
    on: ['nodes', 'node', 'overview'],
  },
  { keys: ['='], act: 'heal', what: 'let everybody reach everybody again', hint: 'heal', on: 'all' },
  { keys: ['L'], act: 'loss', what: 'lose 20 % of all packets, or none again', hint: 'loss', on: 'all' },
  { keys: ['I'], act: 'invite', what: 'invite a machine', hint: 'invite', on: ['overview', 'nodes'] },
]

const worksOn = (line: KeyLine, screen: ScreenName): boolean => line.on === 'all' || line.on.includes(screen)

export const keysOn = (screen: ScreenName): readonly KeyLine[] => KEYS.filter((line) => worksOn(line, screen))

const ALL_ACTIONS: readonly string[] = [...ACTIONS, ...SIM_ACTIONS]

/** Without the keys of what the mesh at hand does not offer. */
export const offeredKeys = (lines: readonly KeyLine[], offered: ReadonlySet<ActionName>): readonly KeyLine[] =>
  lines.filter(({ act }) => !ALL_ACTIONS.includes(act) || [...offered].some((name) => name === act))

export const actFor = (key: string, screen: ScreenName): Act | undefined =>
  KEYS.find((line) => line.keys.includes(key) && worksOn(line, screen))?.act

/** Keys that mean two things on one screen. Must be empty. */
export function duplicateKeys(lines: readonly KeyLine[], screens: readonly ScreenName[]): string[] {
  return screens.flatMap((screen) => {
    const seen = new Set<string>()
    const keys = lines.filter((line) => worksOn(line, screen)).flatMap((line) => line.keys)
    return keys.filter((key) => seen.size === seen.add(key).size).map((key) => `${key} on ${screen}`)
  })
}

/** What Ink tells of a key. */
export interface InkKey {
  readonly upArrow: boolean
  readonly downArrow: boolean
  readonly leftArrow: boolean
  readonly rightArrow: boolean
  readonly pageUp: boolean
  readonly pageDown: boolean
  readonly home: boolean
  readonly end: boolean
  readonly return: boolean
  readonly escape: boolean
  readonly ctrl: boolean
  readonly shift: boolean
  readonly tab: boolean
  readonly backspace: boolean
  readonly delete: boolean
  readonly meta: boolean
}

const NAMED: readonly (readonly [keyof InkKey, string])[] = [
  ['upArrow', 'up'],
  ['downArrow', 'down'],
  ['leftArrow', 'left'],
  ['rightArrow', 'right'],
  ['pageUp', 'pageup'],
  ['pageDown', 'pagedown'],
  ['home', 'home'],
  ['end', 'end'],
  ['return', 'enter'],
  ['escape', 'esc'],
  ['backspace', 'backspace'],
  ['delete', 'backspace'],
]

/** Names of what was typed: one for a key, one for each character of a text that came at once. */
export function keyNames(input: string, key: InkKey): readonly string[] {
  if (key.tab) return [key.shift ? 'shift+tab' : 'tab']
  const named = NAMED.find(([flag]) => key[flag])
  if (named !== undefined) return [named[1]]
  if (key.ctrl) return [`ctrl+${input}`]
  if (key.meta) return []
  // Control characters of a paste are no keys.
  return Array.from(input)
    .map((char) => (char === ' ' ? 'space' : char === '\r' ? 'enter' : char))
    .filter((name) => name >= ' ')
}
