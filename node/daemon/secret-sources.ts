import { execFile } from 'node:child_process'
import { closeSync, constants, fstatSync, openSync, readSync, realpathSync } from 'node:fs'
import type { Grant, SecretAnswer } from '../../policies/index.ts'
import { LIMITS } from '../../policies/index.ts'
import { isCode } from '../state/keyfile.ts'
import { DAEMON_LIMITS } from './limits.ts'

/** A value, or why there is none. */
export type Found = Exclude<SecretAnswer, 'waiting'>

/** Small and the same everywhere: nothing of the daemon's own environment reaches a command. */
const ENV = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', LANG: 'C.UTF-8' }

/** Why a grant does not let its policies read this file; undefined if it does. Links are followed first, as reading does. */
export function fileRefusal(path: string, grant: Grant | null): string | undefined {
  const paths = grant?.paths ?? null
  if (paths === null) return undefined
  const places = [path, realPath(path)]
  return places.every((place) => paths.some((folder) => isWithin(place, folder)))
    ? undefined
    : `the grant of its author does not cover ${path}`
}

/** Why a grant does not let its policies run commands; undefined if it does. As for `exec` resources: paths cannot confine one. */
export function commandRefusal(grant: Grant | null): string | undefined {
  if (grant === null) return undefined
  const { types, paths } = grant
  if (types === null ? paths === null : types.includes('exec')) return undefined
  return 'the grant of its author does not cover commands'
}

function isWithin(path: string, folder: string): boolean {
  const clean = folder.replace(/\/+$/, '')
  return path === clean || path.startsWith(`${clean}/`)
}

function realPath(path: string): string {
  try {
    return realpathSync(path)
  } catch {
    return path
  }
}

/** The content of a file of this node, whole. Follows links: secrets are often mounted that way. */
export function secretOfFile(path: string): Found {
  let fd: number
  try {
    // A pipe or device that nobody writes to must not stop the daemon.
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  } catch (error) {
    if (isCode(error, 'ENOENT')) return { missing: `the file ${path} is not on this node` }
    return { missing: `the file ${path} cannot be read (${codeOf(error)})` }
  }
  try {
    const stat = fstatSync(fd)
    if (!stat.isFile()) return { missing: `${path} is no regular file` }
    const bytes = Buffer.alloc(Math.min(stat.size, LIMITS.secretBytes) + 1)
    const length = readSync(fd, bytes, 0, bytes.length, 0)
    return asText(path, bytes.subarray(0, length))
  } catch (error) {
    return { missing: `the file ${path} cannot be read (${codeOf(error)})` }
  } finally {
    closeSync(fd)
  }
}

/** What a command prints, without one newline at its end. Nothing else of what it prints is shown or kept. */
export async function secretOfCommand(argv: readonly string[]): Promise<Found> {
  const [program = '', ...args] = argv
  const options = {
    cwd: '/',
    env: ENV,
    timeout: DAEMON_LIMITS.secretCommandMs,
    killSignal: 'SIGKILL',
    maxBuffer: LIMITS.secretBytes + 1,
    encoding: 'buffer',
  } as const
  return await new Promise((resolve) => {
    const child = execFile(program, args, options, (error, stdout) => {
      if (error === null) resolve(asText(program, stdout.at(-1) === 0x0a ? stdout.subarray(0, -1) : stdout))
      else if (error.code === 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER') resolve({ missing: tooLong(program) })
      else if (typeof error.code === 'number') resolve({ missing: `${program} failed with exit code ${error.code}` })
      else if (error.killed === true)
        resolve({ missing: `${program} did not end within ${DAEMON_LIMITS.secretCommandMs / 1000} s` })
      else resolve({ missing: `${program} cannot be run (${codeOf(error)})` })
    })
    child.stdin?.on('error', () => undefined)
    child.stdin?.end()
  })
}

function asText(from: string, bytes: Uint8Array): Found {
  if (bytes.length > LIMITS.secretBytes) return { missing: tooLong(from) }
  if (bytes.length === 0) return { missing: `${from} gives nothing` }
  try {
    return { value: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes) }
  } catch {
    return { missing: `${from} does not give text` }
  }
}

const tooLong = (from: string): string => `${from} gives more than ${LIMITS.secretBytes} bytes`

/** Never a message: those of commands can quote their arguments. */
function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'failed'
}
