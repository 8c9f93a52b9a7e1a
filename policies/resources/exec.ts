import { z } from 'zod'
import { PolicyError } from '../errors.ts'
import type { ExecOptions, ExecResult } from '../host.ts'
import { LIMITS } from '../limits.ts'
import { andThen, isPromise, type MaybePromise } from '../maybe.ts'
import { accountName, argv, broughtBy, cleanPath, hostPath } from './attributes.ts'
import { exitCode, lastWords, runCommand } from './command.ts'
import { defineType, KEPT, type Applied, type Change, type TypeContext, type Verdict } from './type.ts'

const schema = z
  .object({
    argv: argv.describe('the program and its arguments; never a shell'),
    creates: hostPath.optional().describe('not run where this path exists'),
    onlyif: argv.optional().describe('run only where this command ends with 0'),
    unless: argv.optional().describe('not run where this command ends with 0'),
    once: z
      .enum(['version', 'ever'])
      .optional()
      .describe('run once for each version of the policy, or once ever, on each node'),
    watch: z
      .array(hostPath)
      .min(1)
      .max(LIMITS.execWatched)
      .optional()
      .describe('run when one of these files has changed since it last ran well'),
    notifyOnly: z.boolean().optional().describe('run only when another resource notifies it'),
    cwd: hostPath.optional().describe('the folder to run in; / if nothing is said'),
    env: z
      .record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'must be the name of a variable'), z.string())
      .optional()
      .describe('variables added to PATH, HOME, USER and LANG'),
    user: accountName.optional().describe('the account to run as'),
    returns: z
      .array(z.number().int().min(0).max(255))
      .min(1)
      .optional()
      .describe('exit codes that mean success; [0] if nothing is said'),
  })
  .refine(
    ({ creates, onlyif, unless, once, watch, notifyOnly }) =>
      [creates, onlyif, unless, once, watch].some((guard) => guard !== undefined) || notifyOnly === true,
    'exec needs a guard, or it would run at every check: creates, onlyif, unless, once, watch or notifyOnly: true',
  )

type ExecAttributes = z.output<typeof schema>

export const exec = defineType({
  name: 'exec',
  summary: 'A command, run by its arguments and never by a shell, with a guard that says when it is not needed.',
  schema,
  runsCommands: () => true,
  needsRoot: ({ user }) => (user === undefined ? null : 'only root can run a command as another user'),
  claims: () => [],
  needs: ({ attrs }) => [
    ...[attrs.argv[0], attrs.cwd, ...(attrs.watch ?? [])].flatMap(broughtBy),
    ...(attrs.user === undefined ? [] : [`user:${attrs.user}`]),
  ],
  check(context, { attrs }) {
    if (attrs.notifyOnly === true) return KEPT
    if (attrs.creates !== undefined && context.host.lstat(cleanPath(attrs.creates)) !== null) return KEPT
    if (attrs.once !== undefined && isDone(context, attrs.once)) return KEPT
    if (attrs.watch === undefined) return checkGuards(context, attrs)
    return andThen(fingerprintOf(context, attrs.watch), (now) =>
      now === seenBefore(context) ? KEPT : checkGuards(context, attrs),
    )
  },
  watchPaths: ({ attrs }) => (attrs.watch ?? []).map(cleanPath),
  notified: (context, { attrs }) => (attrs.notifyOnly === true ? runIt(context, attrs) : KEPT),
})

function isDone(context: TypeContext, once: 'version' | 'ever'): boolean {
  const { ran } = recallOf(context)
  return once === 'ever' ? ran !== null : ran === context.version
}

/** What is remembered of a command that ran well: the version it ran for and, if it watches files, what they were. */
function recallOf({ remembered }: TypeContext): { readonly ran: string | null; readonly files: string | null } {
  if (typeof remembered === 'string') return { ran: remembered, files: null }
  if (typeof remembered !== 'object' || remembered === null || !('ran' in remembered)) return { ran: null, files: null }
  const { ran, files } = remembered
  return { ran: typeof ran === 'string' ? ran : null, files: typeof files === 'string' ? files : null }
}

function seenBefore(context: TypeContext): string | null {
  return recallOf(context).files
}

/** Equal as long as all of the files are; one that is not there is a content, too. */
function fingerprintOf(context: TypeContext, paths: readonly string[]): MaybePromise<string> {
  const { host } = context
  const digests = paths.map((path): MaybePromise<string> => {
    const clean = cleanPath(path)
    const entry = host.lstat(clean)
    if (entry?.kind !== 'file') return entry === null ? 'absent' : entry.kind
    if (entry.size <= LIMITS.chunkBytes) return hex(host.sha256(host.readFile(clean, entry.size)))
    return host.hashPieces(clean, LIMITS.chunkBytes, context.signal).then((pieces) => pieces.map(hex).join())
  })
  const whole = (parts: readonly string[]): string => hex(host.sha256(new TextEncoder().encode(parts.join('\n'))))
  return digests.some(isPromise)
    ? Promise.all(digests.map(async (digest) => await digest)).then(whole)
    : whole(digests.map(String))
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}

async function checkGuards(context: TypeContext, attrs: ExecAttributes): Promise<Verdict> {
  const holds = async (guard: readonly string[]): Promise<boolean> => {
    const result = await runCommand(context, guard, whereOf(attrs), LIMITS.guardTimeoutMs)
    return exitCode(context, guard, result) === 0
  }
  if (attrs.onlyif !== undefined && !(await holds(attrs.onlyif))) return KEPT
  if (attrs.unless !== undefined && (await holds(attrs.unless))) return KEPT
  return runIt(context, attrs)
}

function runIt(context: TypeContext, attrs: ExecAttributes): Change {
  const command = context.sensitive ? (attrs.argv[0] ?? '') : attrs.argv.join(' ')
  return {
    ok: false,
    changes: [`run ${command}`],
    async apply(): Promise<Applied> {
      const timeoutMs = context.timeoutMs ?? LIMITS.execTimeoutMs
      // Taken before it runs: what changes meanwhile is news for the next run.
      const files = attrs.watch === undefined ? null : await fingerprintOf(context, attrs.watch)
      const result = await runCommand(context, attrs.argv, whereOf(attrs), timeoutMs)
      check(context, attrs, result)
      const note = lastWords(context, result).slice(2)
      context.remember(files === null ? context.version : { ran: context.version, files })
      return note === '' ? {} : { note }
    },
  }
}

function check(context: TypeContext, attrs: ExecAttributes, result: ExecResult): void {
  const code = exitCode(context, attrs.argv, result)
  if (!(attrs.returns ?? [0]).includes(code)) {
    throw new PolicyError('E_EXIT', `${attrs.argv[0]} ended with exit code ${code}${lastWords(context, result)}`)
  }
  if (attrs.creates !== undefined && context.host.lstat(cleanPath(attrs.creates)) === null) {
    throw new PolicyError('E_EXIT', `${attrs.argv[0]} ended well, but ${attrs.creates} is still not there`)
  }
}

function whereOf(attrs: ExecAttributes): Pick<ExecOptions, 'cwd' | 'env' | 'user'> {
  return {
    ...(attrs.cwd === undefined ? {} : { cwd: cleanPath(attrs.cwd) }),
    ...(attrs.env === undefined ? {} : { env: attrs.env }),
    ...(attrs.user === undefined ? {} : { user: attrs.user }),
  }
}
