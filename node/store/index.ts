/** What a node keeps on disk: records and local state in SQLite, blocks in files. */
export { matchesCid, openBlocks, parseCid } from './blocks.ts'
export { adoptMachine, openStore } from './store.ts'
export type { StoreOptions } from './store.ts'
export type * from './types.ts'
