import type { Context, Invocation } from '../command.ts'
import { CliError, EXIT } from '../errors.ts'
import type { Exit } from '../errors.ts'
import { daemonOf } from '../mesh/daemon.ts'
import { wantsColour } from '../out/paint.ts'

/** The terminal UI. Everything heavy is loaded after it is clear that there is a terminal and a daemon. */
export async function run(context: Context, _input: Invocation): Promise<Exit> {
  const { io, out } = context
  if (out.json)
    throw new CliError('E_USAGE', 'top is for people', 'For a script: chorus status --json, or chorus watch --json.')
  if (!io.stdin.isTTY || !io.stdout.isTTY)
    throw new CliError(
      'E_USAGE',
      `top wants a terminal, and ${io.stdin.isTTY ? 'stdout' : 'stdin'} is none`,
      'For a script or a pipe: chorus status, chorus nodes, chorus watch.',
    )
  if (io.env['TERM'] === 'dumb')
    throw new CliError(
      'E_USAGE',
      'top wants a terminal that can move its cursor, and TERM is dumb',
      'Use: chorus status.',
    )
  const colour = wantsColour(io.env, io.stdout)
  const client = await daemonOf(context)
  const [{ DaemonSource }, { actionsOf }, { marksFor }, { rootKeyTrouble }] = await Promise.all([
    import('../top/daemon-source.ts'),
    import('../top/actions.ts'),
    import('../top/marks.ts'),
    import('../keys/root-here.ts'),
  ])
  const source = new DaemonSource({
    client,
    act: actionsOf(context),
    now: io.now,
    noRoot: (mesh) => rootKeyTrouble(context, mesh),
  })
  try {
    await started(source)
    // Ink knows FORCE_COLOR only, and reads it when it is imported.
    if (!colour) process.env['FORCE_COLOR'] = '0'
    // React checks itself at every step unless it is told that it is no development.
    process.env['NODE_ENV'] ??= 'production'
    const { open } = await import('../top/open.tsx')
    await open(source, {
      marks: marksFor(io.env),
      colour,
      clock: io.now,
      signal: io.signal,
      screenReader: io.env['INK_SCREEN_READER'] === 'true',
    })
  } finally {
    source.close()
  }
  return EXIT.done
}

/** @throws ControlError E_API_VERSION if the daemon was started before this command was installed, and lacks what the screens ask for */
async function started(source: { start(): Promise<void> }): Promise<void> {
  try {
    await source.start()
  } catch (error) {
    if (!(error instanceof Error) || Reflect.get(error, 'code') !== 'E_NOT_FOUND') throw error
    const { ControlError } = await import('../../node/control/index.ts')
    throw new ControlError(
      'E_API_VERSION',
      'the daemon is older than this command, and does not answer what the screens ask',
      'Restart it: it was started before Chorus was updated.',
    )
  }
}
