import type { Context } from '../command.ts'
import { EXIT } from '../errors.ts'
import type { Exit } from '../errors.ts'
import { grid } from '../out/grid.ts'
import { readyScenarios } from '../sim/ready.ts'

/** `chorus sim list --json`. */
export interface SimListOutput {
  readonly scenarios: readonly { readonly name: string; readonly title: string; readonly path: string }[]
}

export function run(context: Context): Promise<Exit> {
  context.out.result<SimListOutput>(
    'sim-list',
    { scenarios: readyScenarios() },
    ({ scenarios }, paint) =>
      grid(
        paint,
        [{ title: 'SCENARIO' }, { title: '' }],
        scenarios.map(({ name, title }) => [paint('bold', name), title]),
      ) + paint('dim', '\nchorus sim run NAME runs one; its file is a good start for your own.\n'),
  )
  return Promise.resolve(EXIT.done)
}
