import { Driver } from '../../topology-sim/index.ts'
import type { Context } from '../command.ts'
import { CliError, EXIT } from '../errors.ts'
import type { Exit } from '../errors.ts'
import { wantsColour } from '../out/paint.ts'
import { marksFor } from '../top/marks.ts'
import { setupOf } from './once.ts'
import type { Prepared } from './prepare.ts'
import { SimSource } from './sim-source.ts'

/** The screens of `chorus top` over a scenario, in virtual time. @throws CliError E_USAGE without a terminal */
export async function showRun({ io, out }: Context, prepared: Prepared): Promise<Exit> {
  if (out.json || !io.stdin.isTTY || !io.stdout.isTTY || io.env['TERM'] === 'dumb')
    throw new CliError('E_USAGE', '--tui wants a terminal', 'Without it the run is summed up at its end.')
  const source = new SimSource(new Driver(await setupOf(prepared)))
  const colour = wantsColour(io.env, io.stdout)
  // Ink knows FORCE_COLOR only, and reads it when it is imported.
  if (!colour) process.env['FORCE_COLOR'] = '0'
  process.env['NODE_ENV'] ??= 'production'
  const { open } = await import('../top/open.tsx')
  const screenReader = io.env['INK_SCREEN_READER'] === 'true'
  const broken = new AbortController()
  const signal = AbortSignal.any([io.signal, broken.signal])
  const shown = open(source, { marks: marksFor(io.env), colour, clock: source.clock, signal, screenReader })
  // What breaks the run ends the screens, which give the terminal back before it is told.
  const failed = source.run().then(
    () => undefined,
    (error: unknown) => {
      broken.abort()
      return { error }
    },
  )
  await shown
  const failure = await failed
  if (failure !== undefined) throw failure.error
  return EXIT.done
}
