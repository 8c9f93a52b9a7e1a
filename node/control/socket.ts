import { closeSync, constants, openSync } from 'node:fs'
import { join } from 'node:path'
import { ControlError } from './errors.ts'

/** Bytes of a Unix socket's path without its end: 108 on Linux and 104 elsewhere, less the final zero (unix(7)). */
const PATH_MAX = 103

export interface SocketPath {
  readonly path: string
  /** Call when connected, or when the listener is closed. */
  release(): void
}

/**
 * Where a state folder's control socket is. A path too long for a socket is named through the folder's own file
 * descriptor, which both ends can do without agreeing on a second place.
 * @throws ControlError E_NO_DAEMON if the folder is absent; E_BAD_REQUEST where too long a path cannot be shortened
 */
export function socketPath(stateDir: string, name = 'control.sock'): SocketPath {
  const path = join(stateDir, name)
  if (Buffer.byteLength(path) <= PATH_MAX) return { path, release: () => undefined }
  if (process.platform !== 'linux') {
    throw new ControlError(
      'E_BAD_REQUEST',
      `The path ${path} is too long for a socket: give a shorter folder with --state.`,
    )
  }
  let fd: number
  try {
    fd = openSync(stateDir, constants.O_RDONLY | constants.O_DIRECTORY)
  } catch {
    throw new ControlError('E_NO_DAEMON', `There is no state folder ${stateDir}.`)
  }
  return { path: `/proc/self/fd/${fd}/${name}`, release: () => closeSync(fd) }
}
