import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { ControlClient } from '../../node/control/index.ts'
import type { Context } from '../command.ts'
import { CliError } from '../errors.ts'

/**
 * The daemon of the state folder. Only the client is loaded here (node:http), so that looking stays fast.
 * @throws CliError E_NO_STATE if the folder is not there, which "chorus up" alone would not cure
 */
export async function daemonOf(context: Context, signal: AbortSignal = context.io.signal): Promise<ControlClient> {
  if (!isNode(context.stateDir)) {
    throw new CliError(
      'E_NO_STATE',
      `there is no node in ${context.stateDir}, so no daemon`,
      'Start a mesh with "chorus init NAME", join one with "chorus join TOKEN", or name another folder with --state DIR.',
    )
  }
  const { ControlClient } = await import('../../node/control/index.ts')
  return new ControlClient({ stateDir: context.stateDir, signal })
}

/** A folder that `init` or `join` made, or in which a daemon answers. */
const isNode = (stateDir: string): boolean =>
  existsSync(join(stateDir, 'node.key')) || existsSync(join(stateDir, 'control.sock'))

/** The daemon if one answers, else undefined. */
export async function daemonIfUp(context: Context): Promise<ControlClient | undefined> {
  if (!isNode(context.stateDir)) return undefined
  const client = await daemonOf(context)
  try {
    await client.status()
    return client
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'E_NO_DAEMON') return undefined
    throw error
  }
}
