import { execFile } from 'node:child_process'

/** Where a policy came from, as claimed in its version: shown by `chorus log`, trusted by nobody. */
export interface GitMeta {
  /** The remote's URL without credentials; '' outside a repository. */
  readonly repo: string
  readonly commit: string
  /** Files of the folder differ from the commit. */
  readonly dirty: boolean
}

const NONE: GitMeta = { repo: '', commit: '', dirty: false }
/** A status over a network file system takes seconds; metadata is not worth more. */
const GIT_MS = 5000

export async function gitMeta(dir: string): Promise<GitMeta> {
  const commit = await git(dir, ['rev-parse', '--verify', '--quiet', 'HEAD'])
  if (commit === undefined) return NONE
  const [remote, changes] = await Promise.all([
    git(dir, ['config', '--get', 'remote.origin.url']),
    git(dir, ['status', '--porcelain', '--', '.']),
  ])
  return { repo: withoutCredentials(remote ?? ''), commit, dirty: (changes ?? '') !== '' }
}

/** `https://user:token@host/x` is `https://host/x`: entries are read by every node for ever. */
export function withoutCredentials(url: string): string {
  return url.replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/@]*@/i, '$1').slice(0, 1024)
}

function git(dir: string, args: readonly string[]): Promise<string | undefined> {
  return new Promise((resolve) => {
    // fsmonitor could run a program that the repository names.
    execFile(
      'git',
      ['-c', 'core.fsmonitor=false', '-C', dir, ...args],
      { timeout: GIT_MS, maxBuffer: 1024 * 1024 },
      (error, stdout) => {
        resolve(error === null ? stdout.trim() : undefined)
      },
    )
  })
}
