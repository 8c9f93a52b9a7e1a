import { actorOf } from '../../node/core/index.ts'
import type { Actor, Tools } from '../../node/core/index.ts'
import { createSigner, hasher } from '../../node/crypto.ts'

/** node:crypto behind the actors of `node/core/testing`. */
export const tools: Tools = { hasher, signerOf: createSigner }

export function actor(name: string): Actor {
  return actorOf(name, tools)
}
