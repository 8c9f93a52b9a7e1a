import { homedir } from 'node:os'
import type { CommandModule, Context } from '../command.ts'
import { optionsOf } from '../input/options.ts'
import type { Output } from '../out/output.ts'
import { ACTIONS } from './source.ts'
import type { ActionRequest } from './source.ts'

interface Way {
  readonly load: () => Promise<CommandModule>
  /** Positional arguments and options, as the command line would give them. */
  readonly args: (arg: string) => readonly string[]
  readonly options?: (arg: string) => Readonly<Record<string, unknown>>
}

/** Actions are the commands of the same name, so that a screen can never do what a script cannot. */
const WAYS: Readonly<Record<(typeof ACTIONS)[number], Way>> = {
  publish: { load: () => import('../commands/publish.ts'), args: (dir) => [expandHome(dir)] },
  rollback: { load: () => import('../commands/rollback.ts'), args: versioned },
  revoke: {
    load: () => import('../commands/revoke.ts'),
    args: (node) => [node],
    options: () => ({ as: 'member', yes: true }),
  },
  show: { load: () => import('../commands/show.ts'), args: (policy) => [policy] },
  diff: { load: () => import('../commands/diff.ts'), args: changed },
  // The screen had its name typed: that is the confirmation.
  retire: { load: () => import('../commands/retire.ts'), args: (policy) => [policy], options: () => ({ yes: true }) },
  hold: { load: () => import('../commands/hold.ts'), args: (reason) => [reason] },
  unhold: { load: () => import('../commands/unhold.ts'), args: () => [] },
  invite: { load: () => import('../commands/invite.ts'), args: () => [], options: invited },
}

/** A tilde that no shell expands here. */
const expandHome = (path: string): string => (path === '~' || path.startsWith('~/') ? homedir() + path.slice(1) : path)

/** `web/site@3` as the policy and its version. */
function versioned(text: string): readonly string[] {
  const [policy = '', version] = text.split('@', 2)
  return version === undefined ? [policy] : [policy, version]
}

/** What one version changed is told from the one before it to itself. */
function changed(text: string): readonly string[] {
  const [policy = '', version] = versioned(text)
  return version === undefined || version === '1' ? [policy] : [policy, String(Number(version) - 1), version]
}

/** `db-3 role=db region=eu` */
function invited(text: string): Readonly<Record<string, unknown>> {
  const words = text.split(/\s+/).filter((word) => word !== '')
  return { name: words.find((word) => !word.includes('=')), label: words.filter((word) => word.includes('=')) }
}

/** Runs an action's command with its output caught: the screen belongs to the frames. */
export function actionsOf(context: Context): (request: ActionRequest) => Promise<string> {
  return async ({ name, arg }) => {
    const own = ACTIONS.find((known) => known === name)
    if (own === undefined) throw new Error(`${name} is nothing that a daemon can be told`)
    const way = WAYS[own]
    const said: string[] = []
    const { run } = await way.load()
    try {
      await run(quietly(context, said), { args: way.args(arg), options: optionsOf(way.options?.(arg) ?? {}) })
    } catch (error) {
      // What the command would have shown above its error, such as the mistakes of a policy, comes first here as well.
      const message = error instanceof Error ? error.message : String(error)
      const hint: unknown = error instanceof Error ? Reflect.get(error, 'hint') : undefined
      const told = typeof hint === 'string' ? `${message.replace(/[.]$/, '')}. ${hint}` : message
      throw new Error([...said, told].join('\n').trim(), { cause: error })
    }
    return (
      said
        .join('\n')
        .replace(/\n{2,}/g, '\n\n')
        .trim() || `${name}: done`
    )
  }
}

/** A context that writes nowhere near the screen, and that nobody can be asked through. */
function quietly(context: Context, said: string[]): Context {
  const { io, out } = context
  const sink = { isTTY: false, columns: 1000, write: (text: string) => void said.push(text) }
  const stdin = { ...io.stdin, isTTY: false }
  return { ...context, out: caught(out, said), io: { ...io, stdout: sink, stderr: sink, stdin } }
}

function caught(out: Output, said: string[]): Output {
  const plain: Output['paint'] = (_style, text) => text
  return {
    json: false,
    paint: plain,
    paintNote: plain,
    result: (_kind, data, human) => void said.push(human(data, plain)),
    item: (_kind, data, human) => void said.push(human(data, plain)),
    note: (text) => void said.push(text),
    warn: (text) => void said.push(`warning: ${text}`),
    error: (error) => out.error(error),
    progress: () => ({ update: () => undefined, stop: () => undefined }),
  }
}
