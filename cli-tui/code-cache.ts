import { lstatSync, mkdirSync } from 'node:fs'
import { enableCompileCache } from 'node:module'
import { homedir } from 'node:os'
import { join } from 'node:path'

/** Commands that load the policy language, which takes V8 a tenth of a second to compile. Those that stay open would only hold the cache in memory. */
const COMMANDS = new Set(['converge', 'plan'])

/**
 * Keeps compiled code from one run to the next, in a folder that nobody else can write to: what lies in it is executed. Node's
 * own default is below the shared temporary folder.
 */
export function cacheCode(argv: readonly string[]): void {
  if (!argv.some((word) => COMMANDS.has(word))) return
  const uid = process.getuid?.()
  if (uid === undefined) return
  const cache = uid === 0 ? '/var/cache' : (process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'))
  const dir = join(cache, 'chorus-code')
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 })
    const { uid: owner, mode } = lstatSync(dir)
    const own = lstatSync(dir).isDirectory() && owner === uid && (mode & 0o022) === 0
    if (own) enableCompileCache(dir)
  } catch {
    // Without a cache it takes a little longer.
  }
}
