import { didYouMean } from '../input/suggest.ts'
import { SORTS } from './source.ts'
import type { ActionName, ActionState } from './source.ts'
import { goTo, TABS } from './ui.ts'
import type { Notice, Shown, Step, Ui } from './ui.ts'

/** Why actions cannot be done, of those that cannot. */
export function disabledOf(actions: readonly ActionState[]): Shown['disabled'] {
  const disabled: Partial<Record<ActionName, string>> = {}
  for (const { name, disabled: why } of actions) if (why !== null) disabled[name] = why
  return disabled
}

export interface CommandLine {
  readonly name: string
  readonly arg: string
  readonly what: string
  readonly run: (ui: Ui, arg: string, shown: Shown) => Step
}

const say = (ui: Ui, text: string, tone: Notice['tone']): Step => ({ ui: { ...ui, notice: { text, tone } } })

/** Starts an action, or says why it cannot be done. What is hard to undo wants its name typed once more. */
export function begin(ui: Ui, shown: Shown, name: ActionName, arg: string): Step {
  if (!shown.offered.has(name)) return say(ui, `${name} is nothing that can be done here`, 'warn')
  const why = shown.disabled[name]
  if (why !== undefined) return say(ui, `${name} is not possible: ${why}`, 'warn')
  const question = QUESTIONS[name]
  if (arg === '' && question !== undefined)
    return { ui: { ...ui, prompt: { kind: 'text', label: question, text: '', action: { name, arg }, before: '' } } }
  if (CONFIRMED[name] !== undefined) {
    const label = `${CONFIRMED[name]}: ${arg}? Type its name to confirm`
    return { ui: { ...ui, prompt: { kind: 'confirm', label, text: '', want: arg, action: { name, arg }, before: '' } } }
  }
  return { ui: { ...ui, notice: { text: `${name}: at work`, tone: 'info' } }, effect: { do: 'act', name, arg } }
}

const QUESTIONS: Readonly<Partial<Record<ActionName, string>>> = {
  publish: 'Publish which folder',
  rollback: 'Roll back which policy',
  retire: 'Retire which policy',
  hold: 'Hold this machine, because',
  revoke: 'Throw out which node',
  show: 'Show which policy, or policy@number',
  diff: 'What changed in which policy, or policy@number',
  crash: 'Crash which node',
  restart: 'Start which node again',
  drift: 'Change what is managed on which node',
  invite: 'Name of the machine to invite, and labels such as role=web',
}

const CONFIRMED: Readonly<Partial<Record<ActionName, string>>> = {
  rollback: 'Roll back',
  retire: 'Retire on every node',
  revoke: 'Throw out of the mesh for good',
}

const action = (name: ActionName, arg: string, what: string): CommandLine => ({
  name,
  arg,
  what,
  run: (ui, given, shown) => begin(ui, shown, name, given),
})

/** What can be typed after `:`. */
export const COMMANDS: readonly CommandLine[] = [
  ...TABS.map(([screen, title]) => ({
    name: screen,
    arg: '',
    what: `go to ${title}`,
    run: (ui: Ui): Step => ({ ui: goTo(ui, screen) }),
  })),
  {
    name: 'filter',
    arg: 'TEXT',
    what: 'nodes with these words, or matching this CEL',
    run: (ui, arg) => ({ ui: { ...goTo(ui, 'nodes'), filter: arg } }),
  },
  {
    name: 'sort',
    arg: SORTS.join('|'),
    what: 'order of nodes',
    run: (ui, arg) => {
      const sort = SORTS.find((name) => name === arg)
      if (sort === undefined) return say(ui, `sort by one of ${SORTS.join(', ')}, not "${arg}"`, 'warn')
      return { ui: { ...goTo(ui, 'nodes'), sort } }
    },
  },
  {
    name: 'by',
    arg: 'LABEL',
    what: 'label of the tables',
    run: (ui, arg, { labels }) =>
      labels.includes(arg)
        ? { ui: { ...ui, by: arg } }
        : say(ui, `no node has a label "${arg}"; there are ${labels.slice(0, 8).join(', ')}`, 'warn'),
  },
  action('publish', 'DIR', 'publish the policy in a folder'),
  action('rollback', 'POLICY[@N]', 'publish the version before (or N) as a new one'),
  action('retire', 'POLICY', 'end a policy everywhere'),
  action('revoke', 'NODE', 'throw a node out of the mesh'),
  action('show', 'POLICY[@N]', 'a policy as it was published'),
  action('diff', 'POLICY[@N]', 'what changed in a version'),
  action('hold', 'REASON', 'stop changes on this machine'),
  action('unhold', '', 'let changes on again'),
  action('invite', 'NAME [LABEL=VALUE]', 'make a token for a machine'),
  { name: 'help', arg: '', what: 'keys and commands', run: (ui) => ({ ui: goTo(ui, 'help') }) },
  { name: 'quit', arg: '', what: 'leave', run: (ui) => ({ ui, effect: { do: 'quit' } }) },
]

/** Commands that what was typed may become, each with its argument, and why it cannot be done. */
export function hintsFor(text: string, disabled: Shown['disabled']): readonly string[] {
  const [word = ''] = text.trimStart().split(/\s+/, 1)
  const near = COMMANDS.filter(({ name }) => name.startsWith(word))
  return near.map(({ name, arg, what }) => {
    const why = Object.entries(disabled).find(([action]) => action === name)?.[1]
    const usage = arg === '' ? name : `${name} ${arg}`
    if (near.length > 1) return why === undefined ? usage : `(${name})`
    return why === undefined ? `${usage}: ${what}` : `${usage} is not possible: ${why}`
  })
}

/** Runs what was typed after `:`; a unique prefix of a command will do. */
export function runCommand(ui: Ui, text: string, shown: Shown): Step {
  const typed = text.trim()
  if (typed === '') return { ui }
  const [word = ''] = typed.split(/\s+/, 1)
  const found = COMMANDS.filter(({ name }) => name === word)
  const near = found.length > 0 ? found : COMMANDS.filter(({ name }) => name.startsWith(word))
  const [one, ...others] = near
  if (one === undefined) {
    const guess = didYouMean(
      word,
      COMMANDS.map(({ name }) => name),
    )
    return say(ui, `there is no command "${word}"${guess || '; see ?'}`, 'warn')
  }
  if (others.length > 0) return say(ui, `"${word}" may be ${near.map(({ name }) => name).join(' or ')}`, 'warn')
  return one.run(ui, typed.slice(word.length).trim(), shown)
}
