import type { ControlClient, NodeRow } from '../../node/control/index.ts'
import type { Context } from '../command.ts'
import type { Exit } from '../errors.ts'
import { EXIT } from '../errors.ts'
import { stateText } from '../out/health.ts'
import { age, listed, plural, safe } from '../out/text.ts'

/** A node that was not heard for this long is listed, and not waited for (DESIGN.md, section 8). */
const SEEN_MS = 10 * 60_000
export const WAIT_MS = 5 * 60_000
/** Beacons come on change; asking the own daemon costs a few milliseconds. */
const POLL_MS = 150

export interface WaitOutput {
  readonly converged: boolean
  readonly waitedMs: number
  /** Nodes that run the version and are well. */
  readonly done: readonly string[]
  /** Nodes that were waited for and are not there yet, with what is known. */
  readonly rest: readonly {
    readonly name: string
    readonly state: string
    readonly code: string | null
    readonly ageMs: number | null
  }[]
  /** Nodes that the policy selects and that were not heard in the last 10 minutes: they get it when they return. */
  readonly unseen: readonly string[]
}

/** One look at the fleet: who of `selected` runs `version` (or for a retired policy: does not run it any more). */
export function progressOf(
  nodes: readonly NodeRow[],
  selected: ReadonlySet<string>,
  policy: string,
  version: string,
  action: 'apply' | 'retire',
): Omit<WaitOutput, 'waitedMs'> {
  const chosen = nodes.filter((node) => selected.has(node.key))
  const seen = chosen.filter((node) => node.self || (node.ageMs !== null && node.ageMs <= SEEN_MS))
  const isDone = (node: NodeRow): boolean => {
    const at = node.policies[policy]
    return action === 'retire' ? at === undefined : at !== undefined && at.version === version && at.state === 'ok'
  }
  return {
    converged: seen.every(isDone),
    done: seen.filter(isDone).map((node) => node.name),
    rest: seen
      .filter((node) => !isDone(node))
      .map((node) => {
        const at = node.policies[policy]
        return {
          name: node.name,
          state: at?.version === version ? at.state : 'behind',
          code: at?.version === version ? (at.code ?? null) : null,
          ageMs: node.ageMs,
        }
      }),
    unseen: chosen.filter((node) => !seen.includes(node)).map((node) => node.name),
  }
}

/** Follows the fleet until all that are selected and seen have converged, or the time is up. */
export async function waitFor(
  context: Context,
  client: ControlClient,
  wanted: {
    readonly policy: string
    readonly version: string
    readonly action: 'apply' | 'retire'
    readonly selected: (nodes: readonly NodeRow[]) => ReadonlySet<string>
  },
  timeoutMs: number,
): Promise<WaitOutput> {
  const { io, out } = context
  const startedAt = io.now()
  const progress = out.progress('waiting for the nodes')
  try {
    for (;;) {
      const { nodes } = await client.nodes()
      const now = progressOf(nodes, wanted.selected(nodes), wanted.policy, wanted.version, wanted.action)
      const waitedMs = io.now() - startedAt
      if (now.converged || waitedMs >= timeoutMs) return { ...now, waitedMs }
      progress.update(
        `${now.done.length} of ${plural(now.done.length + now.rest.length, 'node')} converged, waiting for ${listed(
          now.rest.map((node) => safe(node.name)),
          3,
        )}`,
      )
      await sleep(POLL_MS, io.signal)
    }
  } finally {
    progress.stop()
  }
}

/** Says on stderr how waiting ended. */
export function reportWait(context: Context, wait: WaitOutput): Exit {
  const { out } = context
  const total = wait.done.length + wait.rest.length
  if (wait.converged)
    out.note(
      `${out.paintNote('green', '●')} ${wait.done.length} of ${plural(total, 'node')} converged in ${seconds(wait.waitedMs)}`,
    )
  else {
    out.note(
      `${out.paintNote('yellow', '◐')} ${wait.done.length} of ${plural(total, 'node')} converged after ${seconds(wait.waitedMs)}; these have not:`,
    )
    for (const node of wait.rest)
      out.note(
        `    ${safe(node.name)}  ${stateText(out.paintNote, node.state)}${node.code === null ? '' : ` ${node.code}`}${node.ageMs === null ? '' : `, seen ${age(node.ageMs)} ago`}`,
      )
  }
  if (wait.unseen.length > 0)
    out.note(
      `Not seen in the last 10 minutes, so not waited for: ${listed(wait.unseen.map((name) => safe(name)))}. They get it when they return.`,
    )
  return wait.converged ? EXIT.done : EXIT.notConverged
}

const seconds = (millis: number): string => (millis < 90_000 ? `${(millis / 1000).toFixed(1)} s` : age(millis))

/** @throws the signal's reason when it is aborted */
export async function sleep(millis: number, signal: AbortSignal): Promise<void> {
  const { setTimeout: after } = await import('node:timers/promises')
  await after(millis, undefined, { signal })
}
