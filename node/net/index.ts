/** The network of one node: libp2p behind an interface of keys and bytes. */
export { createNetwork } from './network.ts'
export type * from './types.ts'
