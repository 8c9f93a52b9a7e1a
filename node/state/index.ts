/** A node's state folder: its layout, lock, key and configuration. */
export { configSchema, DEFAULT_PORT, parseConfig, readConfig } from './config.ts'
export type { Config } from './config.ts'
export { openStateFolder, writeConfig } from './folder.ts'
export type { OpenOptions } from './folder.ts'
export { newSeed, readKeyFile, writeKeyFile } from './keyfile.ts'
export type { KeyFile } from './keyfile.ts'
export { stateDir, statePaths } from './paths.ts'
export type * from './types.ts'
