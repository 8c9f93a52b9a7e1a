import { z } from 'zod'
import { PolicyError } from '../errors.ts'
import type { ExecOptions, ExecResult } from '../host.ts'
import { LIMITS } from '../limits.ts'
import { accountName, argv, cleanPath, hostPath } from './attributes.ts'
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
    notifyOnly: z.boolean().optional().describe('run only when another resource notifies it'),
    cwd: hostPath.optional().describe('the folder to run in; / if nothing is said'),
    env: z
      .record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'must be the name of a variable'), z.string())
      .optional()
      .describe('variables added to PATH, HOME, USER and LANG'),
    user: accountName.optional().describe('the account to run as'),
    timeout: z
      .number()
      .int()
      .positive()
      .max(LIMITS.execTimeoutMaxMs / 1000)
      .optional()
      .describe('seconds until it is killed with everything that it started; 300 if nothing is said'),
    returns: z
      .array(z.number().int().min(0).max(255))
      .min(1)
      .optional()
      .describe('exit codes that mean success; [0] if nothing is said'),
  })
  .refine(
    ({ creates, onlyif, unless, once, notifyOnly }) =>
      [creates, onlyif, unless, once].some((guard) => guard !== undefined) || notifyOnly === true,
    'exec needs a guard, or it would run at every check: creates, onlyif, unless, once or notifyOnly: true',
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
    ...[attrs.argv[0] ?? '', attrs.cwd ?? '']
      .filter((path) => path.startsWith('/'))
      .map((path) => `path:${cleanPath(path)}`),
    ...(attrs.user === undefined ? [] : [`user:${attrs.user}`]),
  ],
  check(context, { attrs }) {
    if (attrs.notifyOnly === true) return KEPT
    if (attrs.creates !== undefined && context.host.lstat(cleanPath(attrs.creates)) !== null) return KEPT
    if (attrs.once !== undefined && isDone(context, attrs.once)) return KEPT
    return checkGuards(context, attrs)
  },
  notified: (context, { attrs }) => (attrs.notifyOnly === true ? runIt(context, attrs) : KEPT),
})

/** What is remembered of a command that ran: the version it ran for. */
function isDone(context: TypeContext, once: 'version' | 'ever'): boolean {
  const { remembered, version } = context
  return once === 'ever' ? typeof remembered === 'string' : remembered === version
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
      const timeoutMs = attrs.timeout === undefined ? LIMITS.execTimeoutMs : attrs.timeout * 1000
      const result = await runCommand(context, attrs.argv, whereOf(attrs), timeoutMs)
      check(context, attrs, result)
      const note = lastWords(context, result).slice(2)
      context.remember(context.version)
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
