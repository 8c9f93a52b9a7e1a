import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Config, LogLevel } from '../../node/index.ts'
import type { Context, Invocation } from '../command.ts'
import { CliError, EXIT } from '../errors.ts'
import type { Exit } from '../errors.ts'
import { listenAddress } from '../input/address.ts'
import type { Options } from '../input/options.ts'
import { safe } from '../out/text.ts'

/** `chorus up --json`: one line when it is up. The log goes to stderr. */
export interface UpOutput {
  readonly node: { readonly name: string; readonly id: string }
  readonly mesh: { readonly name: string; readonly id: string }
  readonly addresses: readonly string[]
  /** Where metrics are served over TCP, if that was asked for. */
  readonly metrics: string | null
  readonly pid: number
}

const LEVELS: readonly LogLevel[] = ['debug', 'info', 'warn', 'error']

export async function run(context: Context, { options }: Invocation): Promise<Exit> {
  const { io, out, stateDir } = context
  if (!existsSync(join(stateDir, 'node.key'))) {
    throw new CliError(
      'E_NO_STATE',
      `${stateDir} holds no node`,
      'Start a mesh with "chorus init NAME", or join one with "chorus join TOKEN".',
    )
  }
  if (io.uid > 0 && !options.flag('user'))
    out.warn('not running as root: only what this user may change can be managed (say --user if that is meant)')
  const level = LEVELS.find((known) => known === options.text('log-level')) ?? 'info'
  const metrics = options.text('metrics')
  const { startDaemon } = await import('../../node/index.ts')
  const daemon = await startDaemon({
    stateDir,
    observe: options.flag('observe'),
    user: options.flag('user'),
    lean: true,
    config: overrides(options),
    log: { level },
    ...(metrics === undefined ? {} : { metrics }),
    signal: io.signal,
  })
  out.item<UpOutput>(
    'up',
    { node: daemon.node, mesh: daemon.mesh, addresses: daemon.addresses, metrics: daemon.metrics, pid: process.pid },
    (data, paint) => {
      const where = data.addresses.length === 0 ? 'outbound only' : `on ${data.addresses.join(' ')}`
      return `${paint('green', '●')} ${paint('bold', safe(data.node.name))} of ${safe(data.mesh.name)} is up, ${where}`
    },
  )
  const failure = await daemon.ended
  if (failure !== null) throw failure
  return EXIT.done
}

function overrides(options: Options): Partial<Config> {
  const listen = options.list('listen')
  const announce = options.list('announce')
  const bootstrap = options.list('bootstrap')
  return {
    ...(listen.length === 0
      ? {}
      : { listen: listen.includes('none') ? [] : listen.map((text) => listenAddress(text, '--listen')) }),
    ...(announce.length === 0 ? {} : { announce: announce.map((text) => listenAddress(text, '--announce')) }),
    ...(bootstrap.length === 0 ? {} : { bootstrap: [...bootstrap] }),
  }
}
