import type { Context, Invocation } from '../command.ts'
import { EXIT } from '../errors.ts'
import type { Exit } from '../errors.ts'
import type { Options } from '../input/options.ts'
import { daemonIfUp } from '../mesh/daemon.ts'
import { outcomesText } from '../out/outcomes.ts'
import type { OutcomeRow } from '../out/outcomes.ts'
import type { Paint } from '../out/paint.ts'
import { listed, plural, safe } from '../out/text.ts'
import { combinationsOf } from '../source/combinations.ts'
import type { CombinationsOutput } from '../source/combinations.ts'
import { fleetText } from '../out/combinations.ts'
import { openBundle } from './converge.ts'

/** `chorus plan --json`. `matches` is null without a daemon, which alone knows the other nodes. */
export interface PlanOutput {
  readonly policy: string
  readonly select: string
  readonly bundle: string
  /** Whether it chooses this node, and why or why not. */
  readonly selected: boolean
  readonly why: string
  readonly outcomes: readonly OutcomeRow[]
  readonly matches: readonly { readonly name: string; readonly id: string }[] | null
  readonly errors: readonly { readonly code: string; readonly message: string }[]
  /** Per kind of node that is known, what it is there and what would change; null without a daemon. */
  readonly fleet: CombinationsOutput | null
}

export async function run(context: Context, { args, options }: Invocation): Promise<Exit> {
  const client = await daemonIfUp(context)
  const data =
    client === undefined
      ? await planAlone(context, options, args[0] ?? '.')
      : await planWith(context, options, args[0] ?? '.', client)
  context.out.result('plan', data, human)
  return data.errors.length > 0 || data.outcomes.some((outcome) => outcome.state === 'failed') ? EXIT.error : EXIT.done
}

async function planWith(
  context: Context,
  options: Options,
  dir: string,
  client: NonNullable<Awaited<ReturnType<typeof daemonIfUp>>>,
): Promise<PlanOutput> {
  const bundle = await openBundle(context, options, dir)
  try {
    const { policy, select } = bundle.policy
    await client.putBlocks(bundle.blocks())
    const plan = await client.plan({ bundle: { cid: bundle.cid, size: bundle.size }, policy })
    if (plan.note !== undefined) context.out.note(plan.note)
    const fleet = await combinationsOf(client, bundle, (await client.nodes()).nodes)
    const errors = plan.errors.map(({ code, message }) => ({ code, message }))
    return {
      policy,
      select,
      bundle: bundle.cid,
      selected: plan.selected,
      why: plan.why,
      outcomes: plan.outcomes,
      matches: plan.matches,
      errors,
      fleet,
    }
  } finally {
    bundle.close()
  }
}

async function planAlone(context: Context, options: Options, dir: string): Promise<PlanOutput> {
  context.out.note('No daemon runs here: this plans for this machine alone.')
  const { localNode, runHere } = await import('../local/run.ts')
  const bundle = await openBundle(context, options, dir)
  try {
    const { policy, select } = bundle.policy
    const { selected, outcomes } = await runHere(context, bundle, localNode(options), false)
    const why = selected
      ? 'its select is true here'
      : 'its select is not true here; give --label KEY=VALUE to assume labels'
    return { policy, select, bundle: bundle.cid, selected, why, outcomes, matches: null, errors: [], fleet: null }
  } finally {
    bundle.close()
  }
}

function human(data: PlanOutput, paint: Paint): string {
  const here = data.selected
    ? outcomesText(paint, data.outcomes, { planned: true })
    : `${paint('yellow', 'not for this node:')} ${safe(data.why)}\n`
  const errors = data.errors.map((error) => `${paint('red', error.code)} ${safe(error.message)}\n`).join('')
  const names = (data.matches ?? []).map((node) => safe(node.name)).sort()
  const matches =
    data.matches === null
      ? ''
      : `matches ${plural(names.length, 'node')}${names.length === 0 ? '' : `: ${listed(names, 20)}`}\n`
  return `${paint('bold', safe(data.policy))}  ${paint('dim', `select: ${safe(data.select)}`)}\n\n${here}${errors}${matches === '' ? '' : `\n${matches}`}${data.fleet === null ? '' : fleetText(paint, data.fleet)}`
}
