import type { WaveRow } from '../../node/control/index.ts'
import type { Context, Invocation } from '../command.ts'
import { CliError, EXIT } from '../errors.ts'
import type { Exit } from '../errors.ts'
import { didYouMean } from '../input/suggest.ts'
import { daemonOf } from '../mesh/daemon.ts'
import { grid } from '../out/grid.ts'
import type { Paint } from '../out/paint.ts'
import { age, plural, safe } from '../out/text.ts'

/** `chorus rollout --json`. */
export interface RolloutOutput {
  readonly rollouts: readonly PolicyRollout[]
}
export interface PolicyRollout {
  readonly policy: string
  readonly version: string
  readonly seq: number | null
  readonly halted: boolean
  /** All waves are through. */
  readonly done: boolean
  readonly failed: number
  readonly maxFailures: number
  readonly failures: readonly string[]
  readonly soakMs: number
  readonly waves: readonly WaveRow[]
}
const isOver = ({ state }: WaveRow): boolean => state === 'done' || state === 'empty'

export async function run(context: Context, { args }: Invocation): Promise<Exit> {
  const client = await daemonOf(context)
  const [policy] = args
  const { policies } = await client.policies()
  if (policy !== undefined && !policies.some((one) => one.policy === policy)) {
    const near = didYouMean(
      policy,
      policies.map((one) => one.policy),
    )
    throw new CliError('E_NOT_FOUND', `no version of "${policy}" is known here${near}`, 'chorus log lists what is.')
  }
  const rollouts = policies.flatMap((row): PolicyRollout[] => {
    if (row.rollout === undefined || row.version === null || (policy !== undefined && row.policy !== policy)) return []
    const { waves, halted, failed, maxFailures, failures, soakMs } = row.rollout
    const done = waves.every(isOver) && waves.some(({ state }) => state === 'done')
    const { version, seq } = row
    return [{ policy: row.policy, version, seq, halted, done, failed, maxFailures, failures, soakMs, waves }]
  })
  context.out.result<RolloutOutput>('rollout', { rollouts }, (data, paint) => textOf(data, paint))
  if (rollouts.length === 0)
    context.out.note(
      policy === undefined
        ? 'No policy in force comes in waves: say `rollout: {waves: [10%, 100%]}` in one.'
        : `${policy} goes to all nodes at once.`,
    )
  return rollouts.every(({ done }) => done) ? EXIT.done : EXIT.notConverged
}

function textOf({ rollouts }: RolloutOutput, paint: Paint): string {
  return rollouts.map((one) => oneText(one, paint)).join('\n')
}

function oneText(one: PolicyRollout, paint: Paint): string {
  const { policy, seq, halted, done, failed, maxFailures, failures, soakMs, waves } = one
  const word = halted ? paint('red', 'halted') : done ? paint('green', 'done') : paint('yellow', 'under way')
  const columns = [
    { title: '' },
    { title: 'WAVE' },
    { title: 'IN FORCE', align: 'right' as const },
    { title: 'FAILED', align: 'right' as const },
    { title: 'AWAY', align: 'right' as const },
    { title: 'STATE' },
  ]
  const rows = waves.map((wave, index) => [
    String(index + 1),
    safe(wave.label),
    `${wave.done}/${wave.nodes}`,
    String(wave.failed),
    String(wave.absent),
    wave.state === 'soaking' && wave.opensInMs !== null
      ? `soaking, opens in ${age(wave.opensInMs)}`
      : wave.state === 'empty'
        ? 'nobody else'
        : wave.state,
  ])
  const terms = `soak ${age(soakMs)}, ${plural(maxFailures, 'failure')} allowed`
  const why = halted
    ? `${failed} failed: ${failures.map((name) => safe(name)).join(', ')}. The others keep what they have.\n`
    : ''
  return `${safe(policy)}@${seq ?? '?'}  ${word}  ${paint('dim', terms)}\n${grid(paint, columns, rows)}${why}`
}
