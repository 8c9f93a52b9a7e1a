import { z } from 'zod'
import { HostError, type ExecRequest } from '../host.ts'
import { absolutePath, argv } from './attributes.ts'
import { runCommand } from './command.ts'
import { RESOURCE_LIMITS } from './limits.ts'
import { IN_ORDER, type Check, type ResourceContext, type ResourceType, type Typed } from './type.ts'

const seconds = z
  .number()
  .int()
  .positive()
  .max(RESOURCE_LIMITS.execTimeoutMaxMs / 1000)

const schema = z.object({
  argv: argv.describe('the command and its arguments; never a shell'),
  creates: absolutePath.optional().describe('it need not run where this path exists'),
  onlyif: argv.optional().describe('it runs only where this command ends with 0'),
  unless: argv.optional().describe('it runs only where this command does not end with 0'),
  notifyOnly: z.boolean().optional().describe('it runs only when another resource notifies it'),
  cwd: absolutePath.optional().describe('working directory'),
  env: z.record(z.string(), z.string()).optional().describe('environment variables, added to PATH and LANG'),
  user: z.string().min(1).optional().describe('run as this user'),
  timeout: seconds.optional().describe('seconds until it is ended with everything it started (300)'),
  exitCodes: z
    .array(z.number().int().min(0).max(255))
    .min(1)
    .optional()
    .describe('exit statuses that mean success ([0])'),
})

type ExecAttributes = z.infer<typeof schema>

async function check({ attrs }: Typed<ExecAttributes>, { host }: ResourceContext): Promise<Check> {
  if (attrs.notifyOnly === true) return IN_ORDER
  if (attrs.creates !== undefined && host.lstat(attrs.creates) !== null) return IN_ORDER
  const guard = (words: readonly string[]): ReturnType<typeof runCommand> =>
    runCommand(host, { ...placeOf(attrs), argv: words, timeoutMs: RESOURCE_LIMITS.guardTimeoutMs })
  if (attrs.onlyif !== undefined && (await guard(attrs.onlyif)).status !== 0) return IN_ORDER
  if (attrs.unless !== undefined && (await guard(attrs.unless)).status === 0) return IN_ORDER
  return { ok: false, changes: [`to be run: ${attrs.argv.join(' ')}`] }
}

/** Runs the command. @returns what it said. @throws HostError E_EXEC for an exit status that does not mean success */
async function run({ resource, attrs }: Typed<ExecAttributes>, { host }: ResourceContext): Promise<string> {
  const timeoutMs = (attrs.timeout ?? RESOURCE_LIMITS.execTimeoutMs / 1000) * 1000
  const { status, said } = await runCommand(host, { ...placeOf(attrs), argv: attrs.argv, timeoutMs })
  if (status === null || !(attrs.exitCodes ?? [0]).includes(status)) {
    throw new HostError('E_EXEC', `${attrs.argv[0] ?? ''} ended with ${status}${resource.sensitive ? '' : `: ${said}`}`)
  }
  if (attrs.creates !== undefined && host.lstat(attrs.creates) === null) {
    throw new HostError(
      'E_EXEC',
      `${attrs.argv[0] ?? ''} ended well, but did not make ${attrs.creates}, so it would run again for ever`,
    )
  }
  return said
}

function placeOf(attrs: ExecAttributes): Omit<ExecRequest, 'argv' | 'timeoutMs'> {
  return {
    ...(attrs.cwd === undefined ? {} : { cwd: attrs.cwd }),
    ...(attrs.env === undefined ? {} : { env: attrs.env }),
    ...(attrs.user === undefined ? {} : { user: attrs.user }),
  }
}

export const exec: ResourceType<ExecAttributes> = {
  schema,
  title: 'A command, run by its arguments and never by a shell, guarded so that it does not run every time.',
  onRemove: 'leave',
  drifts: false,
  validate(attrs) {
    const guarded = attrs.creates !== undefined || attrs.onlyif !== undefined || attrs.unless !== undefined
    return guarded || attrs.notifyOnly === true
      ? null
      : 'has no guard: add creates, onlyif, unless, or notifyOnly: true, else it would run at every check'
  },
  claims: (_, name) => [`exec:${name}`],
  wants: (attrs) => [
    ...(attrs.cwd === undefined ? [] : [`path:${attrs.cwd}`]),
    ...(attrs.user === undefined ? [] : [`user:${attrs.user}`]),
  ],
  paths: () => [],
  check,
  async apply(typed, context) {
    await run(typed, context)
  },
  notified: (typed, context) => run(typed, context),
}
