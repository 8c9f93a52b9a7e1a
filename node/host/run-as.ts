import { realpathSync } from 'node:fs'
import type { Account } from './accounts.ts'

/** How a program is started. */
interface Start {
  readonly program: string
  readonly args: readonly string[]
  readonly identity: { readonly uid: number; readonly gid: number } | undefined
}

const SETPRIV = '/usr/bin/setpriv'
let setpriv: boolean | undefined

/** util-linux has it; the one of busybox cannot change users. */
function hasSetpriv(): boolean {
  try {
    setpriv ??= realpathSync(SETPRIV).endsWith('/setpriv')
  } catch {
    setpriv = false
  }
  return setpriv
}

/**
 * How a program is started as an account: with all of its groups, as a login gives them. Node itself drops every group but
 * the first, so that a user who may read a log by a second group could not; where there is no setpriv it stays at that.
 *
 * @param account null for this process's own user
 */
export function startAs(
  argv: readonly string[],
  account: Account | null,
  canSwitch = process.geteuid?.() === 0,
): Start {
  const [program = '', ...args] = argv
  if (account === null) return { program, args, identity: undefined }
  const { uid, gid } = account
  if (!canSwitch || !hasSetpriv()) return { program, args, identity: { uid, gid } }
  const as = ['--reuid', String(uid), '--regid', String(gid), '--init-groups', '--']
  return { program: SETPRIV, args: [...as, program, ...args], identity: undefined }
}

/** What setpriv says if it cannot start the program: the reason, or null. */
export function startProblem(code: number | null, output: string): 'ENOENT' | 'EACCES' | null {
  if (!output.startsWith('setpriv: failed to execute ')) return null
  return code === 127 ? 'ENOENT' : code === 126 ? 'EACCES' : null
}
