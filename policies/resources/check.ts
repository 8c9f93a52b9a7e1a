import { z } from 'zod'
import { PolicyError } from '../errors.ts'
import type { ProbeTarget } from '../host.ts'
import { LIMITS } from '../limits.ts'
import { broughtBy, accountName, argv, duration, durationMs } from './attributes.ts'
import { lastWords, runCommand } from './command.ts'
import { url } from './fetched.ts'
import { defineType, KEPT, type TypeContext, type Typed, type Verdict } from './type.ts'

const ADDRESS = /^(.+):([0-9]{1,5})$/

export const tcpAddress = z.string().regex(ADDRESS, 'must be HOST:PORT')

const schema = z
  .object({
    http: url.optional().describe('a URL that must answer'),
    status: z
      .int()
      .min(100)
      .max(599)
      .optional()
      .describe('with http: the only right answer; 200 to 399 if nothing is said'),
    tcp: tcpAddress.optional().describe('an address HOST:PORT that must take connections'),
    exec: argv.optional().describe('a command that must end with 0'),
    user: accountName.optional().describe('with exec: the account to run as'),
    interval: duration.optional().describe('the pause between two tries; 2s if nothing is said'),
    retries: z
      .int()
      .min(0)
      .max(1000)
      .optional()
      .describe('how often it is tried again before it counts as failed; 3 if nothing is said'),
    grace: duration.optional().describe('time to come up: what fails before it is over does not count'),
    timeout: duration.optional().describe('of one try; 10s if nothing is said'),
  })
  .superRefine(({ http, tcp, exec, status, user }, issue) => {
    const problem = (message: string): void => issue.addIssue({ code: 'custom', message, path: [] })
    if ([http, tcp, exec].filter((one) => one !== undefined).length !== 1)
      problem('exactly one of http, tcp and exec is needed')
    if (status !== undefined && http === undefined) problem('status goes with http')
    if (user !== undefined && exec === undefined) problem('user goes with exec')
  })

type CheckResource = Typed<z.output<typeof schema>>

export const check = defineType({
  name: 'check',
  summary:
    'A service that must be well: what requires the check waits for it, and a policy whose check fails has failed.',
  schema,
  afterTypes: ['service', 'process'],
  runsCommands: ({ exec }) => exec !== undefined,
  needsRoot: ({ user }) => (user === undefined ? null : 'only root can run a command as another user'),
  claims: () => [],
  needs: ({ attrs }) => [...broughtBy(attrs.exec?.[0]), ...(attrs.user === undefined ? [] : [`user:${attrs.user}`])],
  check: (context, resource) => untilWell(context, resource),
  // What it was told of may have made the service ill since: its own check has just said that it has not.
  notified: () => KEPT,
})

/** Tries until it is well. A plan tries once: nothing is being started that could need its time. */
async function untilWell(context: TypeContext, { attrs }: CheckResource): Promise<Verdict> {
  const { host, signal } = context
  const { interval, retries = LIMITS.checkRetries, grace } = attrs
  const planned = context.diffs === 'all'
  const intervalMs = interval === undefined ? LIMITS.checkIntervalMs : durationMs(interval)
  const graceUntilMs = host.now() + (grace === undefined ? 0 : durationMs(grace))
  for (let left = retries; ;) {
    const problem = await problemOf(context, attrs)
    if (problem === null) return KEPT
    if (signal?.aborted === true) throw new PolicyError('E_CANCELLED', 'the run was cancelled before the check held')
    if (host.now() >= graceUntilMs && left-- <= 0) throw new PolicyError('E_CHECK', problem)
    if (planned || context.timeLeft() <= intervalMs) throw new PolicyError('E_CHECK', problem)
    await host.sleep(intervalMs, signal)
  }
}

async function problemOf(context: TypeContext, attrs: CheckResource['attrs']): Promise<string | null> {
  const timeoutMs = attrs.timeout === undefined ? LIMITS.healthTryMs : durationMs(attrs.timeout)
  if (attrs.exec !== undefined) return await commandProblem(context, attrs.exec, attrs.user, timeoutMs)
  const problem = await context.host.probe(
    targetOf(attrs),
    Math.max(1, Math.min(timeoutMs, context.timeLeft())),
    context.signal,
  )
  return problem !== null && context.sensitive ? 'it is not well' : problem
}

function targetOf({ http, status, tcp = '' }: CheckResource['attrs']): ProbeTarget {
  if (http !== undefined) return status === undefined ? { http } : { http, status }
  return { tcp: addressOf(tcp) }
}

export function addressOf(tcp: string): { readonly host: string; readonly port: number } {
  const [, host = '', port = '0'] = ADDRESS.exec(tcp) ?? []
  return { host: host.replaceAll(/^\[|\]$/g, ''), port: Number(port) }
}

async function commandProblem(
  context: TypeContext,
  words: readonly string[],
  user: string | undefined,
  timeoutMs: number,
): Promise<string | null> {
  const result = await runCommand(context, words, user === undefined ? {} : { user }, timeoutMs)
  if (result.end === 'exit' && result.code === 0) return null
  const how =
    result.end === 'exit'
      ? `ended with exit code ${result.code}`
      : `did not come to its own end (${result.why || result.end})`
  return `${words[0]} ${how}${lastWords(context, result)}`
}
