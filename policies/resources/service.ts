import { z } from 'zod'
import { PolicyError } from '../errors.ts'
import { LIMITS } from '../limits.ts'
import type { Value } from '../model.ts'
import { argv, toolName } from './attributes.ts'
import { exitCode, runCommand } from './command.ts'
import { fieldsOf, textsOf } from './remembered.ts'
import type { ServiceAction, ServiceManager, ServiceState } from './service-manager.ts'
import { openrc } from './service-openrc.ts'
import { systemd } from './service-systemd.ts'
import { defineType, KEPT, type TypeContext, type Typed, type Verdict } from './type.ts'

export const MANAGERS: readonly ServiceManager[] = [systemd, openrc]

const schema = z
  .object({
    unit: toolName.optional().describe('its name for the init system, if it is not that of the resource'),
    state: z.enum(['running', 'stopped']).optional().describe('whether it runs; left alone if nothing is said'),
    enabled: z.boolean().optional().describe('whether it starts with the system; left alone if nothing is said'),
    masked: z.boolean().optional().describe('nobody and nothing can start it (systemd)'),
    onNotify: z
      .enum(['restart', 'reload', 'none'])
      .optional()
      .describe('what it does when a resource notifies it while it runs; restart if nothing is said'),
    status: argv.optional().describe('a command that ends with 0 if it runs, where the init system cannot tell'),
    package: toolName.optional().describe('the package that brings it, if that has another name'),
  })
  .refine(({ masked, state, enabled }) => masked !== true || (state !== 'running' && enabled !== true), {
    message: 'what is masked can neither run nor be enabled',
  })

type ServiceResource = Typed<z.output<typeof schema>>

/** Services that were started in the very run of the context: they have read their new configuration already. */
const started = new WeakSet<TypeContext>()

export const service = defineType({
  name: 'service',
  summary: 'A service of the init system: running or not, started with the system or not.',
  schema,
  wholeHost: true,
  afterTypes: ['package', 'user', 'group'],
  needsRoot: () => 'only root can manage services of the system',
  runsCommands: ({ status }) => status !== undefined,
  claims: (resource) => [`service:${systemd.unitOf(unitOf(resource))}`],
  needs(resource) {
    const unit = unitOf(resource)
    const full = systemd.unitOf(unit)
    return [
      `package:${resource.attrs.package ?? unit}`,
      ...['/etc/systemd/system', '/run/systemd/system', '/usr/local/lib/systemd/system'].flatMap((folder) => [
        `path:${folder}/${full}`,
        `path:${folder}/${full}.d`,
        `path:${folder}/${full}.d/override.conf`,
      ]),
      `path:/etc/init.d/${unit}`,
    ]
  },
  watchPaths: (resource) => MANAGERS.flatMap((manager) => manager.watchPaths(manager.unitOf(unitOf(resource)))),
  async check(context, resource) {
    const manager = managerOf(context)
    const unit = manager.unitOf(named(unitOf(resource)))
    const is = await look(context, manager, unit, resource)
    const actions = actionsFor(resource.attrs, is, unit)
    if (actions.length === 0) return KEPT
    return {
      ok: false,
      changes: actions.map((action) => phrase(action, is)),
      async apply() {
        if (is.outdated) await manager.act(context, unit, 'reread')
        for (const action of actions) {
          await carefully(context, manager, unit, action)
          if (action === 'start') started.add(context)
        }
        context.remember(noted(context.remembered, actions, unit))
        if (actions.includes('start')) await mustRunNow(context, manager, unit, resource)
      },
    }
  },
  async notified(context, resource): Promise<Verdict> {
    const { onNotify = 'restart', state } = resource.attrs
    if (onNotify === 'none' || state === 'stopped' || started.has(context)) return KEPT
    const manager = managerOf(context)
    const unit = manager.unitOf(unitOf(resource))
    const is = await look(context, manager, unit, resource)
    // In a plan it may still have to be started; then that is all.
    if (!is.running) return KEPT
    return {
      ok: false,
      changes: [onNotify],
      async apply() {
        if (is.outdated) await manager.act(context, unit, 'reread')
        await carefully(context, manager, unit, onNotify)
        if (onNotify === 'restart') await mustRunNow(context, manager, unit, resource)
      },
    }
  },
  async undo(context, key) {
    const remembered = done(context.remembered)
    const manager = managerOf(context)
    const unit = manager.unitOf(named(remembered.unit ?? key.slice(key.indexOf('/') + 1)))
    const is = await manager.look(context, unit)
    if (is === null) return KEPT
    const actions: ServiceAction[] = [
      ...(remembered.actions.includes('mask') && is.masked ? (['unmask'] as const) : []),
      ...(remembered.actions.includes('start') && is.running ? (['stop'] as const) : []),
      ...(remembered.actions.includes('enable') && is.enabled === true ? (['disable'] as const) : []),
    ]
    if (actions.length === 0) return KEPT
    return {
      ok: false,
      changes: actions.map((action) => `${action} ${unit}`),
      async apply() {
        for (const action of actions) await carefully(context, manager, unit, action)
      },
    }
  },
})

function unitOf({ name, attrs }: ServiceResource): string {
  return attrs.unit ?? name
}

function named(unit: string): string {
  if (toolName.safeParse(unit).success) return unit
  throw new PolicyError('E_VALUE', `'${unit}' cannot be the name of a service: say \`unit\``)
}

function managerOf(context: TypeContext): ServiceManager {
  const found = MANAGERS.find((manager) => manager.isHere(context))
  if (found !== undefined) return found
  throw new PolicyError('E_UNSUPPORTED', 'this host runs neither systemd nor OpenRC, so services cannot be managed')
}

async function look(
  context: TypeContext,
  manager: ServiceManager,
  unit: string,
  { attrs }: ServiceResource,
): Promise<ServiceState> {
  const is = await manager.look(context, unit)
  if (is === null) {
    // What is not there neither runs nor starts.
    if (attrs.state !== 'running' && attrs.enabled !== true && attrs.masked !== true) return NOTHING
    throw new PolicyError(
      'E_NOT_FOUND',
      `there is no ${unit} on this host: install what brings it, and \`require\` that`,
    )
  }
  if (attrs.status === undefined) return is
  const result = await runCommand(context, attrs.status, {}, LIMITS.guardTimeoutMs)
  return { ...is, running: exitCode(context, attrs.status, result) === 0 }
}

const NOTHING: ServiceState = { running: false, failed: false, enabled: false, masked: false, outdated: false }

function actionsFor(attrs: ServiceResource['attrs'], is: ServiceState, unit: string): ServiceAction[] {
  const actions: ServiceAction[] = []
  // What is to run or to be enabled cannot stay masked.
  const unmask = is.masked && (attrs.masked === false || attrs.state === 'running' || attrs.enabled === true)
  if (unmask) actions.push('unmask')
  if (attrs.enabled === true && is.enabled === 'fixed' && !is.masked)
    throw new PolicyError(
      'E_UNSUPPORTED',
      `${unit} has no [Install] section, so it cannot be enabled: leave \`enabled\` out`,
    )
  if (attrs.enabled === true && is.enabled !== true) actions.push('enable')
  if (attrs.enabled === false && is.enabled === true) actions.push('disable')
  if (attrs.state === 'stopped' && is.running) actions.push('stop')
  if (attrs.masked === true && !is.masked) actions.push('mask')
  if (attrs.state === 'running' && !is.running) actions.push('start')
  return actions
}

function phrase(action: ServiceAction, is: ServiceState): string {
  return action === 'start' && is.failed ? 'start (it had failed)' : action
}

/** A failure with the last words of the service itself. */
async function carefully(
  context: TypeContext,
  manager: ServiceManager,
  unit: string,
  action: ServiceAction,
): Promise<void> {
  try {
    await manager.act(context, unit, action)
  } catch (error) {
    if (!(error instanceof PolicyError) || error.code !== 'E_EXIT' || !['start', 'restart', 'reload'].includes(action))
      throw error
    const words = context.sensitive ? '' : await manager.lastWords(context, unit)
    // Where the service itself said nothing that is kept, what the tool said of it is all there is.
    throw words === ''
      ? error
      : new PolicyError('E_EXIT', `${action} of ${unit} failed: ${words.slice(0, LIMITS.execShownChars)}`)
  }
}

async function withReason(
  context: TypeContext,
  manager: ServiceManager,
  unit: string,
  what: string,
): Promise<PolicyError> {
  const words = context.sensitive ? '' : (await manager.lastWords(context, unit)).slice(0, LIMITS.execShownChars)
  return new PolicyError('E_EXIT', words === '' ? what : `${what}: ${words}`)
}

/** A simple service is started as soon as its process is there, which may end at once. */
async function mustRunNow(
  context: TypeContext,
  manager: ServiceManager,
  unit: string,
  resource: ServiceResource,
): Promise<void> {
  const asked = resource.attrs.status !== undefined
  const looks = asked ? LIMITS.serviceStatusLooks : LIMITS.serviceLooks
  for (let tries = 1; ; tries++) {
    const is = await look(context, manager, unit, resource)
    if (is.running && (asked || tries >= looks)) return
    if (!is.running && (is.failed || tries >= looks))
      throw await withReason(context, manager, unit, `${unit} was started and does not run`)
    await context.host.sleep(LIMITS.serviceLookMs, context.signal)
  }
}

interface Done {
  readonly actions: readonly string[]
  readonly unit?: string
}

/** What `undo` needs: what Chorus started, enabled and masked. */
function noted(before: Value, actions: readonly ServiceAction[], unit: string): Value {
  const opposite: Partial<Record<string, ServiceAction>> = { start: 'stop', enable: 'disable', mask: 'unmask' }
  const all = new Set([...done(before).actions, ...actions])
  for (const [one, other] of Object.entries(opposite)) {
    if (other !== undefined && actions.includes(other)) all.delete(one)
  }
  return { unit, actions: [...all].filter((action) => action in opposite) }
}

function done(value: Value): Done {
  const { actions, unit } = fieldsOf(value)
  return { actions: textsOf(actions), ...(typeof unit === 'string' ? { unit } : {}) }
}
