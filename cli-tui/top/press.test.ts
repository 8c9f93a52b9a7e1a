import { describe, expect, it } from 'vitest'
import { COMMANDS, hintsFor } from './commands.ts'
import { press } from './press.ts'
import { ACTIONS, SIM_ACTIONS } from './source.ts'
import { FIRST_UI, placeOf } from './ui.ts'
import type { Shown, Step, Ui } from './ui.ts'

const SHOWN: Shown = {
  total: 100,
  rows: 10,
  page: 10,
  labels: ['region', 'role'],
  nodeAtCursor: undefined,
  policyAtCursor: undefined,
  versionAtCursor: undefined,
  nodeName: undefined,
  self: undefined,
  values: undefined,
  text: undefined,
  offered: new Set([...ACTIONS, ...SIM_ACTIONS]),
  disabled: {},
  filterError: undefined,
}

/** Presses keys one after another and gives the last step. */
function after(keys: readonly string[], ui: Partial<Ui> = {}, shown: Partial<Shown> = {}): Step {
  let step: Step = { ui: { ...FIRST_UI, ...ui } }
  for (const key of keys) step = press(step.ui, key, { ...SHOWN, ...shown })
  return step
}
const typed = (text: string): string[] => Array.from(text, (char) => (char === ' ' ? 'space' : char))

describe('moving', () => {
  it('goes to screens by number, and back where one came from', () => {
    expect(after(['3']).ui.screen).toBe('nodes')
    expect(after(['3', '2', 'esc']).ui.screen).toBe('nodes')
    expect(after(['3', '2', 'esc', 'esc', 'esc']).ui.screen).toBe('overview')
    expect(after(['tab', 'tab']).ui.screen).toBe('nodes')
    expect(after(['shift+tab']).ui.screen).toBe('events')
  })

  it('keeps the cursor inside the list and the list around the cursor', () => {
    expect(placeOf(after(['up'], { screen: 'nodes' }).ui)).toEqual({ cursor: 0, top: 0 })
    expect(placeOf(after(['G'], { screen: 'nodes' }).ui)).toEqual({ cursor: 99, top: 90 })
    expect(placeOf(after(['G', 'g'], { screen: 'nodes' }).ui)).toEqual({ cursor: 0, top: 0 })
    expect(placeOf(after(['pagedown', 'down'], { screen: 'nodes' }).ui)).toEqual({ cursor: 11, top: 10 })
    expect(placeOf(after(['pagedown', 'pagedown', 'pageup'], { screen: 'nodes' }).ui)).toEqual({ cursor: 10, top: 10 })
    expect(placeOf(after(['G', 'pagedown'], { screen: 'nodes' }).ui)).toEqual({ cursor: 99, top: 90 })
  })

  it('turns pages of text, which has no cursor and moves as a whole', () => {
    const text = { rows: 1, page: 20, total: 50 }
    expect(placeOf(after(['space'], { screen: 'help' }, text).ui).cursor).toBe(20)
    expect(placeOf(after(['space', 'down', 'pageup'], { screen: 'node' }, text).ui).cursor).toBe(1)
    expect(placeOf(after(['space', 'space', 'space'], { screen: 'text' }, text).ui).cursor).toBe(49)
  })

  it('opens what is under the cursor', () => {
    expect(after(['enter'], { screen: 'nodes' }, { nodeAtCursor: 'x' }).ui).toMatchObject({ screen: 'node', node: 'x' })
    const log = after(['enter'], { screen: 'policies' }, { policyAtCursor: 'web/site' }).ui
    expect(log).toMatchObject({ screen: 'log', policy: 'web/site' })
    expect(after(['enter'], { screen: 'nodes' }).ui.screen).toBe('nodes')
  })

  it('opens a group as its nodes, also the group without the label', () => {
    expect(after(['enter'], {}, { values: ['eu'] }).ui).toMatchObject({
      screen: 'nodes',
      filter: 'labels["region"] == "eu"',
    })
    expect(after(['enter'], { by: 'role' }, { values: [''] }).ui.filter).toBe('!("role" in labels)')
  })

  it('leaves everything as it was for a key that means nothing', () => {
    const { ui } = after([])
    expect(press(ui, 'z', SHOWN).ui).toBe(ui)
  })
})

describe('filters', () => {
  it('work while they are typed, and go back on esc', () => {
    const open = after(['/', ...typed('web 1')], { screen: 'nodes' })
    expect(open.ui.filter).toBe('web 1')
    expect(press(open.ui, 'esc', SHOWN).ui).toMatchObject({ filter: '', prompt: undefined })
    expect(press(open.ui, 'enter', SHOWN).ui).toMatchObject({ filter: 'web 1', prompt: undefined })
  })

  it('can be edited', () => {
    const edit = (keys: readonly string[]): string =>
      after(['/', ...typed('one two'), ...keys], { screen: 'nodes' }).ui.filter
    expect(edit(['backspace'])).toBe('one tw')
    expect(edit(['ctrl+w'])).toBe('one ')
    expect(edit(['ctrl+u'])).toBe('')
    expect(edit(['up', 'ctrl+x'])).toBe('one two')
  })

  it('of events are their own', () => {
    const { ui } = after(['/', ...typed('disk')], { screen: 'events', filter: 'web' })
    expect([ui.eventFilter, ui.filter]).toEqual(['disk', 'web'])
  })
})

describe('while a command is typed', () => {
  it('what it may become is shown, and why it cannot be done', () => {
    expect(hintsFor('ro', {})).toEqual(['rollout', 'rollback POLICY[@N]'])
    expect(hintsFor('ret', {})).toEqual(['retire POLICY: end a policy everywhere'])
    expect(hintsFor('ret', { retire: 'no grant' })).toEqual(['retire POLICY is not possible: no grant'])
  })
})

describe('actions', () => {
  const policy = { policyAtCursor: 'web/site' }

  it('that are hard to undo want the name typed once more', () => {
    const asked = after(['X'], { screen: 'policies' }, policy)
    expect(asked.effect).toBeUndefined()
    expect(asked.ui.prompt).toMatchObject({ kind: 'confirm', want: 'web/site' })
    const done = after(['X', ...typed('web/site'), 'enter'], { screen: 'policies' }, policy)
    expect(done.effect).toEqual({ do: 'act', name: 'retire', arg: 'web/site' })
    const wrong = after(['X', ...typed('web'), 'enter'], { screen: 'policies' }, policy)
    expect(wrong.effect).toBeUndefined()
    expect(wrong.ui.notice?.text).toContain('nothing was done')
  })

  it('say why they cannot be done', () => {
    const { ui, effect } = after(['X'], { screen: 'policies' }, { ...policy, disabled: { retire: 'no grant' } })
    expect(effect).toBeUndefined()
    expect(ui.notice).toEqual({ text: 'retire is not possible: no grant', tone: 'warn' })
  })

  it('ask for what they need', () => {
    const { effect } = after(['H', ...typed('disk swap'), 'enter'], {}, { disabled: { unhold: 'not held' } })
    expect(effect).toEqual({ do: 'act', name: 'hold', arg: 'disk swap' })
    expect(after(['H', 'enter']).ui.notice?.text).toBe('nothing was done')
    expect(after(['H'], {}, { disabled: { hold: 'held already' } }).effect).toMatchObject({ name: 'unhold' })
  })
})

describe('commands', () => {
  const run = (text: string, shown: Partial<Shown> = {}): Step => after([':', ...typed(text), 'enter'], {}, shown)

  it('are found by a unique prefix', () => {
    expect(run('top').ui.screen).toBe('topology')
    expect(run('q').effect).toEqual({ do: 'quit' })
    expect(run('ro').ui.notice?.text).toBe('"ro" may be rollout or rollback')
  })

  it('take the rest of the line', () => {
    expect(run('filter labels.role == "web"').ui).toMatchObject({ screen: 'nodes', filter: 'labels.role == "web"' })
    expect(run('hold disk swap').effect).toEqual({ do: 'act', name: 'hold', arg: 'disk swap' })
    expect(run('sort age').ui.sort).toBe('age')
    expect(run('by role').ui.by).toBe('role')
  })

  it('say what is wrong', () => {
    expect(run('explode').ui.notice?.text).toContain('no command "explode"')
    expect(run('sort size').ui.notice?.text).toContain('state, name, age, agent')
    expect(run('by rack').ui.notice?.text).toContain('region, role')
  })

  it('have names of their own', () => {
    expect(new Set(COMMANDS.map(({ name }) => name)).size).toBe(COMMANDS.length)
  })
})

it('ctrl+c leaves from anywhere, also from a prompt', () => {
  expect(after(['/', 'ctrl+c'], { screen: 'nodes' }).effect).toEqual({ do: 'quit' })
})
