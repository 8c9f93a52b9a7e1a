import type { Daemon, DaemonOptions } from './types.ts'

export function start(options: DaemonOptions): Promise<Daemon> {
  return Promise.reject(new Error(`The daemon of ${options.stateDir} cannot start yet.`))
}
