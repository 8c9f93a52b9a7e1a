import { accessSync, constants, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { messageOf, NodeError } from '../errors.ts'
import { readConfig } from './config.ts'
import type { Config } from './config.ts'
import { newSeed, readKeyFile, writeKeyFile } from './keyfile.ts'
import { lockFolder } from './lock.ts'
import { statePaths } from './paths.ts'
import type { StateFolder } from './types.ts'

export interface OpenOptions {
  /** Make the folder and the key if they are missing (`init`, `join`). Otherwise a missing key is an error. */
  readonly create?: boolean
  /** Where this machine's id is; for tests. */
  readonly machineIdFile?: string
}

/**
 * Opens a state folder for one process: lock, configuration, key.
 * @param dir absolute, from `stateDir`
 * @throws NodeError E_LOCKED, E_STATE, E_CONFIG
 */
export function openStateFolder(dir: string, options: OpenOptions = {}): StateFolder {
  const paths = statePaths(dir)
  if (options.create !== true && !existsSync(paths.key)) {
    throw new NodeError(
      'E_STATE',
      `There is no node in ${dir}: make a mesh with "chorus init NAME", or join one with "chorus join TOKEN".`,
      {
        dir,
        missing: true,
      },
    )
  }
  prepareFolder(dir)
  const unlock = lockFolder(paths.lock, paths.pid)
  try {
    const config: Config = readConfig(paths.config)
    const { key, seed } = existsSync(paths.key) ? readKeyFile(paths.key) : writeKeyFile(paths.key, newSeed())
    for (const folder of [paths.blocks, paths.backup]) mkdirSync(folder, { recursive: true, mode: 0o700 })
    return { dir, paths, config, key, seed, machineId: readMachineId(options.machineIdFile), close: unlock }
  } catch (error) {
    unlock()
    throw error
  }
}

/** Replaces the folder's configuration file with one that was checked; used by `init` and `join`. */
export function writeConfig(path: string, yaml: string): void {
  writeFileSync(path, yaml, { mode: 0o600 })
}

function prepareFolder(dir: string): void {
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 })
    accessSync(dir, constants.R_OK | constants.W_OK | constants.X_OK)
  } catch (error) {
    throw new NodeError(
      'E_STATE',
      `The state folder ${dir} cannot be used (${messageOf(error)}): choose another with --state.`,
      { dir },
      error,
    )
  }
  // Others who may write here could replace the key or the control socket.
  const { mode } = statSync(dir)
  if ((mode & 0o022) !== 0) {
    throw new NodeError('E_STATE', `The state folder ${dir} can be written by others: run chmod 700 on it.`, { dir })
  }
}

/** The id that systemd gives a machine at its installation; a copied disk has the same, a copied folder has not. */
function readMachineId(file = '/etc/machine-id'): string | null {
  try {
    return readFileSync(file, 'utf8').trim() || null
  } catch {
    return null
  }
}
