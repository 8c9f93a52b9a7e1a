import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Context } from '../command.ts'
import { keyDir } from '../io.ts'

/** In the state folder: the path of the root key that `init` wrote. The path, never the key. */
export const POINTER = 'root-key.path'

export const rootKeyPath = (context: Context, mesh: string): string => join(keyDir(context.io.env), `${mesh}.root.key`)

/**
 * Why the root key cannot be used without a word to anybody, as on a screen; null if it can. Only the file that `init` wrote or its usual place is
 * looked at, and only at whether it is sealed: what it is worth shows when it signs.
 */
export function rootKeyTrouble(context: Context, mesh: string): string | null {
  const pointer = join(context.stateDir, POINTER)
  const remembered = existsSync(pointer) ? [readFileSync(pointer, 'utf8').trim()] : []
  const path = [...remembered, rootKeyPath(context, mesh)].find((file) => existsSync(file))
  if (path === undefined) return 'the root key of this mesh is not on this machine'
  return isSealed(path) ? 'the root key has a passphrase, which no screen asks for: use a shell' : null
}

function isSealed(path: string): boolean {
  try {
    const value: unknown = JSON.parse(readFileSync(path, 'utf8'))
    return typeof value === 'object' && value !== null && 'sealed' in value
  } catch {
    // None that can be read: signing will say so.
    return false
  }
}
