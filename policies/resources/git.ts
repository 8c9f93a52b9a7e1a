import { z } from 'zod'
import { PolicyError } from '../errors.ts'
import { LIMITS } from '../limits.ts'
import { accountName, cleanPath, foldersAbove, hostPath } from './attributes.ts'
import { exitCode } from './command.ts'
import { makeFoldersAbove } from './file-step.ts'
import { Trace } from './file-trace.ts'
import { mustRun, runTool } from './tool.ts'
import { defineType, KEPT, type TypeContext, type Typed } from './type.ts'

const schema = z.object({
  repository: z
    .string()
    .max(LIMITS.hostPathChars)
    .regex(
      /^(https?:\/\/|ssh:\/\/|git:\/\/|file:\/\/|\/|[A-Za-z0-9_.-]+@[A-Za-z0-9_.-]+:)[^\s\p{C}]+$/u,
      'must be a URL as in https://git.example.org/app.git, user@host:path, or an absolute path',
    )
    .describe('where it is fetched from'),
  commit: z
    .string()
    .regex(/^([0-9a-f]{40}|[0-9a-f]{64})$/, 'must be the whole id of a commit: a branch or tag can be moved by others')
    .describe('the commit that is checked out'),
  path: hostPath.describe('the folder that it is checked out to'),
  user: accountName.optional().describe('the account that fetches and owns it'),
  timeout: z
    .int()
    .positive()
    .max(86_400)
    .optional()
    .describe('seconds until fetching is stopped; 300 if nothing is said'),
})

type GitResource = Typed<z.output<typeof schema>>

export const git = defineType({
  name: 'git',
  summary: 'A folder that holds one commit of a git repository, and nothing else that is tracked.',
  schema,
  wholeHost: true,
  afterTypes: ['package'],
  needsRoot: ({ user }) => (user === undefined ? null : 'only root can run git as another user'),
  claims: ({ attrs }) => [`path:${cleanPath(attrs.path)}`],
  needs: ({ attrs }) => [
    'package:git',
    ...foldersAbove(cleanPath(attrs.path)).map((folder) => `path:${folder}`),
    ...(attrs.user === undefined ? [] : [`user:${attrs.user}`]),
  ],
  watchPaths: ({ attrs }) => [`${cleanPath(attrs.path)}/.git/HEAD`],
  async check(context, resource) {
    const { attrs } = resource
    const path = cleanPath(attrs.path)
    const entry = context.host.lstat(path)
    if (entry !== null && entry.kind !== 'folder')
      throw new PolicyError('E_IN_THE_WAY', `${path} is no folder, so nothing can be checked out there`)
    const fresh = context.host.lstat(`${path}/.git`) === null
    if (fresh && entry !== null && context.host.readdir(path, LIMITS.folderEntries).length > 0)
      throw new PolicyError('E_IN_THE_WAY', `${path} holds files that are not from git: move them away`)
    const head = fresh ? null : await ask(context, resource, ['rev-parse', '--verify', '-q', 'HEAD'])
    const dirty = head === null ? '' : await ask(context, resource, ['status', '--porcelain', '--untracked-files=no'])
    if (head === attrs.commit && dirty === '') return KEPT
    const short = (commit: string): string => commit.slice(0, 12)
    const change =
      head === attrs.commit
        ? 'put back files that were changed'
        : `${head === null ? 'nothing' : short(head)} -> ${short(attrs.commit)}`
    return { ok: false, changes: [change], apply: () => checkOut(context, resource, fresh) }
  },
})

async function checkOut(context: TypeContext, resource: GitResource, fresh: boolean): Promise<void> {
  const { repository, commit, timeout } = resource.attrs
  const path = cleanPath(resource.attrs.path)
  const timeoutMs = timeout === undefined ? LIMITS.execTimeoutMs : timeout * 1000
  const run = (args: readonly string[]) => mustRun(context, argvFor(resource, args), { ...asUser(resource), timeoutMs })
  if (fresh) {
    prepareFolder(context, resource, path)
    await run(['init', '-q'])
  }
  if ((await ask(context, resource, ['cat-file', '-t', commit])) !== 'commit') {
    // Some servers do not give single commits: then all that it has is fetched.
    const single = await runTool(context, argvFor(resource, ['fetch', '-q', '--depth=1', '--', repository, commit]), {
      ...asUser(resource),
      timeoutMs,
    })
    if (single.end !== 'exit' || single.code !== 0)
      await run(['fetch', '-q', '--tags', '--', repository, '+refs/heads/*:refs/remotes/origin/*'])
  }
  await run(['checkout', '-q', '--force', '--detach', commit])
}

function prepareFolder(context: TypeContext, { attrs }: GitResource, path: string): void {
  const { host } = context
  if (host.lstat(path) !== null) return
  makeFoldersAbove(context, path, new Trace(null))
  const uid = attrs.user === undefined ? host.uid : host.uidOf(attrs.user)
  if (uid === null) throw new PolicyError('E_ACCOUNT', `there is no user '${attrs.user}' on this host`)
  host.mkdir(path, { mode: 0o755, uid, gid: host.gid })
}

/** What git says, without the end of its line; empty where it fails. */
async function ask(context: TypeContext, resource: GitResource, args: readonly string[]): Promise<string> {
  const argv = argvFor(resource, args)
  const result = await runTool(context, argv, asUser(resource))
  return exitCode(context, argv, result) === 0 ? result.output.trim() : ''
}

/** No hooks, no prompts, no helpers: what is checked out may be anybody's. */
function argvFor({ attrs }: GitResource, args: readonly string[]): readonly string[] {
  const path = cleanPath(attrs.path)
  const settings = [
    'core.hooksPath=/dev/null',
    'core.fsmonitor=false',
    'protocol.ext.allow=never',
    `safe.directory=${path}`,
  ]
  return ['git', ...settings.flatMap((setting) => ['-c', setting]), '-C', path, ...args]
}

function asUser({ attrs }: GitResource) {
  return {
    env: { GIT_TERMINAL_PROMPT: '0', GIT_CONFIG_NOSYSTEM: '1' },
    ...(attrs.user === undefined ? {} : { user: attrs.user }),
  }
}
