import type { ConvergeResult } from '../policies/index.ts'
import type { OnceOptions, Surroundings } from './daemon/health-once.ts'
import type { Daemon, DaemonOptions } from './daemon/types.ts'
import type { InitOptions, InitResult, JoinOptions, JoinResult } from './join/types.ts'

/**
 * The daemon and the ways into a mesh. libp2p takes a quarter of a second to load, so everything heavy is loaded when it
 * is called. For talking to a running daemon import `node/control/index.ts`.
 */
export { agentVersion } from './installed.ts'
export { listBackups, type BackupRecord } from './host/backups.ts'
export { openHost, type HostOptions } from './host/host.ts'
export { ageIdentity, readIdentity, type AgeIdentity } from './join/secrets.ts'
export { localSecrets } from './daemon/secrets.ts'
export { readFacts } from './daemon/facts.ts'
export { createCrypto, createSigner, createVerifier, hasher } from './crypto.ts'
export { NodeError, type NodeCode } from './errors.ts'
export type { Daemon, DaemonOptions, LogLevel } from './daemon/types.ts'
export type { InitOptions, InitResult, JoinOptions, JoinResult, KeyPair } from './join/types.ts'
export type { Config } from './state/config.ts'

/**
 * Runs a node until `stop` or the signal.
 * @throws NodeError E_STATE (no node in the folder), E_LOCKED, E_CLONED, E_CONFIG, E_ADDRESS, E_STATE_NEWER, E_NO_SPACE
 */
export async function startDaemon(options: DaemonOptions): Promise<Daemon> {
  if (options.lean === true) (await import('./memory.ts')).tuneMemory()
  const { start } = await import('./daemon/start.ts')
  const daemon = await start(options)
  if (options.lean === true) (await import('./daemon/lean.ts')).collectWhenSettled()
  return daemon
}

/** One run without a mesh, with the health checks and commands of its policy around it. */
export async function surroundOnce(
  options: OnceOptions,
  plan: () => Promise<ConvergeResult>,
  work: () => Promise<ConvergeResult>,
): Promise<Surroundings> {
  const { surroundOnce: surround } = await import('./daemon/health-once.ts')
  return await surround(options, plan, work)
}

/** Makes a mesh with this machine as its first node. See `join/init.ts` for what it throws. */
export async function initMesh(options: InitOptions): Promise<InitResult> {
  const { initMesh: init } = await import('./join/init.ts')
  return await init(options)
}

/** Makes this machine a node of the mesh that a token names. See `join/join.ts` for what it throws. */
export async function joinMesh(options: JoinOptions): Promise<JoinResult> {
  const { joinMesh: join } = await import('./join/join.ts')
  return await join(options)
}
