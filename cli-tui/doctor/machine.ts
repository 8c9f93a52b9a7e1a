import { existsSync, statfsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { bytes } from '../out/text.ts'
import { fail, fine, warn } from './check.ts'
import type { Finding } from './check.ts'

/** Below this a bundle or a log soon has no room; at a tenth of it the daemon may stop at any write. */
const DISK_WARN_BYTES = 1e9
const DISK_FAIL_BYTES = 1e8
/** Before this build was made: such a clock was never set. */
const CLOCK_MIN = Date.UTC(2026, 0, 1)

/** What can be seen without a daemon. */
export function machineFindings(stateDir: string, uid: number, now: number): Finding[] {
  return [
    nodeVersion(process.versions.node),
    ...folder(stateDir, uid),
    ...(existsSync(stateDir) ? [disk(stateDir)] : []),
    clock(now),
  ]
}

export function nodeVersion(version: string): Finding {
  const major = Number(version.split('.')[0])
  return major >= 24
    ? fine('node', `Node ${version}`)
    : fail('node', `Node ${version} is too old`, 'Install Node 24 or newer.')
}

function folder(stateDir: string, uid: number): Finding[] {
  if (!existsSync(join(stateDir, 'node.key'))) {
    return [
      fail(
        'state folder',
        `${stateDir} holds no node`,
        'Run "chorus init NAME" or "chorus join TOKEN", or name another folder with --state.',
      ),
    ]
  }
  const { mode, uid: owner } = statSync(stateDir)
  const found: Finding[] = []
  if ((mode & 0o077) !== 0)
    found.push(
      fail(
        'permissions',
        `${stateDir} is open to other users (mode ${(mode & 0o777).toString(8)})`,
        `Run: chmod 700 ${stateDir}`,
      ),
    )
  if (uid > 0 && owner !== uid)
    found.push(
      warn(
        'permissions',
        `${stateDir} belongs to user ${owner}, and you are ${uid}`,
        'Run the command as that user, or as root.',
      ),
    )
  const key = statSync(join(stateDir, 'node.key'))
  if ((key.mode & 0o077) !== 0)
    found.push(
      fail(
        'permissions',
        "the node's key can be read by other users",
        `Run: chmod 600 ${join(stateDir, 'node.key')}; if somebody read it, revoke the node and join again.`,
      ),
    )
  return [
    fine('state folder', stateDir),
    ...(found.length === 0 ? [fine('permissions', 'only the owner can read the state folder and its key')] : found),
  ]
}

function disk(stateDir: string): Finding {
  const { bavail, bsize } = statfsSync(stateDir)
  return diskFinding(bavail * bsize, stateDir)
}

export function diskFinding(free: number, stateDir: string): Finding {
  const message = `${bytes(free)} free below ${stateDir}`
  if (free < DISK_FAIL_BYTES) return fail('disk', message, 'Make room now: a node that cannot write stops.')
  return free < DISK_WARN_BYTES
    ? warn('disk', message, 'Make room, or set a lower quota in chorus.yaml.')
    : fine('disk', message)
}

export function clock(now: number): Finding {
  return now < CLOCK_MIN
    ? fail(
        'clock',
        `this machine thinks it is ${new Date(now).toISOString().slice(0, 10)}`,
        'Set the clock, and keep it with NTP.',
      )
    : fine('clock', new Date(now).toISOString())
}
