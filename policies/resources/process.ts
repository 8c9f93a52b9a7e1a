import { z } from 'zod'
import { PolicyError } from '../errors.ts'
import type { Liveness, ProcessSpec, ProcessStatus, Supervisor } from '../host.ts'
import { LIMITS } from '../limits.ts'
import { broughtBy, accountName, argv, duration, durationMs, hostPath, toolName, variables } from './attributes.ts'
import { addressOf, tcpAddress } from './check.ts'
import { hex, url } from './fetched.ts'
import { defineType, KEPT, type TypeContext, type Typed, type Verdict } from './type.ts'

const SIGNALS = ['SIGTERM', 'SIGINT', 'SIGQUIT', 'SIGHUP', 'SIGUSR1', 'SIGUSR2', 'SIGKILL'] as const

const liveness = z
  .strictObject({
    http: url.optional().describe('a URL that must answer'),
    tcp: tcpAddress.optional().describe('an address HOST:PORT that must take connections'),
    exec: argv.optional().describe('a command that must end with 0'),
    delay: duration.optional().describe('from the start to the first question; 10s if nothing is said'),
    interval: duration.optional().describe('between two questions; 10s if nothing is said'),
    timeout: duration.optional().describe('of one question; 5s if nothing is said'),
    failures: z.int().min(1).max(100).optional().describe('so many in a row restart it; 3 if nothing is said'),
  })
  .refine(
    ({ http, tcp, exec }) => [http, tcp, exec].filter((one) => one !== undefined).length === 1,
    'exactly one of http, tcp and exec is needed',
  )

const schema = z.object({
  argv: argv.describe('the program and its arguments; it must stay in the foreground'),
  cwd: hostPath.optional().describe('the folder to run in; / if nothing is said'),
  env: variables.optional().describe('variables added to PATH, HOME, USER and LANG'),
  user: accountName.optional().describe('the account to run as'),
  restart: z
    .enum(['always', 'onFailure', 'never'])
    .optional()
    .describe('when it is started again after its end; always if nothing is said'),
  backoff: duration.optional().describe('the pause before the first restart, doubled each time; 1s if nothing is said'),
  backoffMax: duration.optional().describe('the longest pause; 1m if nothing is said'),
  stopSignal: z.enum(SIGNALS).optional().describe('what tells it to end; SIGTERM if nothing is said'),
  grace: duration
    .optional()
    .describe('from that signal until it is killed with all that it started; 10s if nothing is said'),
  liveness: liveness.optional().describe('a question whose wrong answers restart it'),
  onNotify: z
    .enum(['restart', 'none'])
    .optional()
    .describe('what it does when a resource notifies it; restart if nothing is said'),
})

type ProcessResource = Typed<z.output<typeof schema>>

/** Programs that were started in the very run of the context. */
const started = new WeakSet<TypeContext>()

export const processes = defineType({
  name: 'process',
  summary: 'A program that Chorus itself runs and supervises, as long as the daemon runs.',
  schema,
  onRemove: 'undo',
  wholeHost: true,
  afterTypes: ['package', 'user', 'group'],
  runsCommands: () => true,
  needsRoot: ({ user }) => (user === undefined ? null : 'only root can run a program as another user'),
  claims: ({ name }) => [`process:${name}`],
  needs: ({ attrs }) => [
    ...[attrs.argv[0], attrs.cwd].flatMap(broughtBy),
    ...(attrs.user === undefined ? [] : [`user:${attrs.user}`]),
  ],
  check(context, resource) {
    const supervisor = supervisorOf(context)
    const spec = specOf(context, resource)
    const is = supervisor.status(spec.name)
    if (is !== null && is.mark === spec.mark) {
      if (is.state === 'running' || (is.state === 'ended' && is.endedWell)) return KEPT
      if (is.state === 'waiting')
        throw new PolicyError(
          'E_EXIT',
          `it ended ${is.restarts + 1} times and is started again in a moment${words(context, is)}`,
        )
    }
    return {
      ok: false,
      changes: [is === null ? 'start' : is.mark === spec.mark ? 'start again' : 'start with new settings'],
      async apply() {
        await supervisor.start(spec)
        started.add(context)
        await mustStayUp(context, supervisor, spec)
      },
    }
  },
  notified(context, resource): Verdict {
    const supervisor = supervisorOf(context)
    if (resource.attrs.onNotify === 'none' || started.has(context) || supervisor.status(resource.name) === null)
      return KEPT
    return {
      ok: false,
      changes: ['restart'],
      async apply() {
        await supervisor.restart(resource.name)
        await mustStayUp(context, supervisor, specOf(context, resource))
      },
    }
  },
  undo(context, key) {
    const name = key.slice(key.indexOf('/') + 1)
    const supervisor = context.host.processes
    if (supervisor === null || supervisor.status(name) === null || context.claimed(`process:${name}`)) return KEPT
    return { ok: false, changes: ['stop'], apply: () => supervisor.stop(name) }
  },
})

function supervisorOf(context: TypeContext): Supervisor {
  const supervisor = context.host.processes
  if (supervisor !== null) return supervisor
  throw new PolicyError(
    'E_UNSUPPORTED',
    'a process lives as long as the daemon, and here no daemon runs: use `chorus up`, or a service',
  )
}

function specOf(context: TypeContext, { name, attrs }: ProcessResource): ProcessSpec {
  if (!toolName.safeParse(name).success) throw new PolicyError('E_VALUE', `'${name}' cannot be the name of a process`)
  const ms = (text: string | undefined, otherwise: number): number =>
    text === undefined ? otherwise : durationMs(text)
  const spec = {
    name,
    argv: attrs.argv,
    cwd: attrs.cwd ?? '/',
    env: attrs.env ?? {},
    user: attrs.user,
    restart: attrs.restart ?? 'always',
    backoffMs: ms(attrs.backoff, LIMITS.processBackoffMs),
    backoffMaxMs: ms(attrs.backoffMax, LIMITS.processBackoffMaxMs),
    stopSignal: attrs.stopSignal ?? 'SIGTERM',
    graceMs: ms(attrs.grace, LIMITS.processGraceMs),
    liveness: livenessOf(attrs.liveness, ms),
  }
  return { ...spec, mark: hex(context.host.sha256(new TextEncoder().encode(JSON.stringify(spec)))) }
}

function livenessOf(
  wish: z.output<typeof liveness> | undefined,
  ms: (text: string | undefined, otherwise: number) => number,
): Liveness | null {
  if (wish === undefined) return null
  const { http, tcp, exec } = wish
  return {
    probe: exec !== undefined ? { exec } : http !== undefined ? { http } : { tcp: addressOf(tcp ?? '') },
    delayMs: ms(wish.delay, LIMITS.healthTryMs),
    intervalMs: ms(wish.interval, LIMITS.healthTryMs),
    timeoutMs: ms(wish.timeout, LIMITS.healthTryMs / 2),
    failures: wish.failures ?? LIMITS.checkRetries,
  }
}

/** A program with wrong settings ends at once: that is seen here, and not by the next run. */
async function mustStayUp(context: TypeContext, supervisor: Supervisor, spec: ProcessSpec): Promise<void> {
  for (let looks = 0; looks < LIMITS.serviceLooks; looks++) {
    await context.host.sleep(LIMITS.serviceLookMs, context.signal)
    const is = supervisor.status(spec.name)
    if (is === null || is.state === 'running' || (is.state === 'ended' && is.endedWell && spec.restart !== 'always'))
      continue
    throw new PolicyError('E_EXIT', `${spec.argv[0]} ended at once${words(context, is)}`)
  }
}

function words(context: TypeContext, { lastEnd }: ProcessStatus): string {
  return context.sensitive || lastEnd === '' ? '' : `: ${lastEnd}`
}
