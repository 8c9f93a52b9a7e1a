import { z } from 'zod'
import { PolicyError } from '../errors.ts'
import { LIMITS } from '../limits.ts'
import { account } from './account.ts'
import { broughtBy, duration, durationMs, oneLineArgv, toolName, variables } from './attributes.ts'
import { ownedVerdict, undoOwned } from './owned.ts'
import { systemdCommand, systemdText } from './quoting.ts'
import type { ServiceState } from './service-manager.ts'
import { systemd } from './service-systemd.ts'
import { mustRun } from './tool.ts'
import { defineType, type TypeContext, type Typed, type Verdict } from './type.ts'

const schema = z
  .object({
    schedule: z
      .string()
      .max(500)
      .regex(/^[^\p{Cc}%]+$/u, 'must be one line without %')
      .optional()
      .describe('when it runs, as systemd writes it: daily, "Mon *-*-* 03:15", "*:0/10"'),
    argv: oneLineArgv.optional().describe('the program and its arguments; never a shell'),
    user: account.optional().describe('who runs it; root if nothing is said'),
    env: variables.optional().describe('variables of its environment'),
    persistent: z.boolean().optional().describe('runs at the next start if the host was off at its time'),
    randomDelay: duration
      .optional()
      .describe('each run is late by up to so long, at random, so that not all hosts run at once'),
    timeout: duration.optional().describe('until a run is stopped'),
    state: z.enum(['present', 'absent']).optional().describe('present if nothing is said'),
  })
  .refine(
    ({ schedule, argv, state }) => state === 'absent' || (schedule !== undefined && argv !== undefined),
    'a timer needs schedule and argv',
  )

type TimerResource = Typed<z.output<typeof schema>>

const fileOf = (name: string, kind: 'timer' | 'service'): string => `/etc/systemd/system/${name}.${kind}`

export const timer = defineType({
  name: 'timer',
  summary: 'A command that systemd runs at set times.',
  schema,
  wholeHost: true,
  afterTypes: ['package'],
  needsRoot: () => 'only root can make timers of the system',
  runsCommands: () => true,
  claims: ({ name }) => [`service:${name}.timer`, `path:${fileOf(name, 'timer')}`, `path:${fileOf(name, 'service')}`],
  needs: ({ attrs }) => [...(attrs.user === undefined ? [] : [`user:${attrs.user}`]), ...broughtBy(attrs.argv?.[0])],
  watchPaths: ({ name }) => [
    fileOf(name, 'timer'),
    fileOf(name, 'service'),
    `/run/systemd/units/invocation:${name}.timer`,
  ],
  async check(context, { name, attrs }) {
    if (!toolName.safeParse(name).success) throw new PolicyError('E_VALUE', `'${name}' cannot be the name of a timer`)
    if (!systemd.isHere(context))
      throw new PolicyError('E_UNSUPPORTED', 'timers need systemd, which does not run this host: use cron')
    const unit = `${name}.timer`
    const present = attrs.state !== 'absent'
    const is = await lookAt(context, unit)
    const on = is !== null && is.running && is.enabled === true
    if (!present && is !== null && (is.running || is.enabled === true)) return removal(context, unit)
    return ownedVerdict(
      context,
      [
        { path: fileOf(name, 'service'), content: present ? serviceFile(name, attrs) : null },
        { path: fileOf(name, 'timer'), content: present ? timerFile(name, attrs) : null },
      ],
      {
        changes: present && is !== null && !on ? ['enable and start'] : [],
        run: async (changed) => {
          if (changed || is?.outdated === true) await systemd.act(context, unit, 'reread')
          if (!present) return
          if (!on) await systemd.act(context, unit, 'enable')
          await systemd.act(context, unit, changed ? 'restart' : 'start')
        },
      },
    )
  },
  async undo(context, key) {
    const name = key.slice(key.indexOf('/') + 1)
    const verdict = undoOwned(context, () => systemd.act(context, `${name}.timer`, 'reread'))
    if (verdict.ok || context.claimed(`service:${name}.timer`)) return verdict
    return {
      ...verdict,
      async apply() {
        await turnOff(context, `${name}.timer`)
        await verdict.apply()
      },
    }
  },
})

/** Two steps, since its files can only go when it is off: the files go in the next run at the latest. */
function removal(context: TypeContext, unit: string): Verdict {
  const files = ownedVerdict(context, [
    { path: fileOf(unit.slice(0, -6), 'timer'), content: null },
    { path: fileOf(unit.slice(0, -6), 'service'), content: null },
  ])
  return {
    ok: false,
    changes: ['stop and disable'],
    async apply() {
      await turnOff(context, unit)
      const verdict = await files
      if (!verdict.ok) await verdict.apply()
      await systemd.act(context, unit, 'reread')
    },
  }
}

/** One whose file was wrong before is as good as none: it is written again. */
async function lookAt(context: TypeContext, unit: string): Promise<ServiceState | null> {
  try {
    return await systemd.look(context, unit)
  } catch (error) {
    if (error instanceof PolicyError && error.code === 'E_VALUE') return null
    throw error
  }
}

async function turnOff(context: TypeContext, unit: string): Promise<void> {
  if ((await systemd.look(context, unit)) === null) return
  await mustRun(context, ['systemctl', 'disable', '--now', '-q', '--no-pager', '--', unit], {
    timeoutMs: LIMITS.serviceMs,
  })
}

type TimerAttributes = TimerResource['attrs']

function serviceFile(name: string, { argv = [], user, env = {}, timeout }: TimerAttributes): string {
  return unitFile([
    ['Unit', [`Description=${name}, run by its timer`]],
    [
      'Service',
      [
        'Type=oneshot',
        ...(user === undefined ? [] : [`User=${user}`]),
        ...Object.entries(env).map(([variable, value]) => `Environment="${variable}=${systemdText(value)}"`),
        ...(timeout === undefined ? [] : [`TimeoutStartSec=${durationMs(timeout)}ms`]),
        `ExecStart=${systemdCommand(argv)}`,
      ],
    ],
  ])
}

function timerFile(name: string, { schedule = '', persistent = false, randomDelay }: TimerAttributes): string {
  return unitFile([
    ['Unit', [`Description=Timer of ${name}`]],
    [
      'Timer',
      [
        `OnCalendar=${schedule}`,
        // systemd may be a minute late if nothing is said.
        'AccuracySec=1s',
        ...(persistent ? ['Persistent=true'] : []),
        ...(randomDelay === undefined ? [] : [`RandomizedDelaySec=${durationMs(randomDelay)}ms`]),
      ],
    ],
    ['Install', ['WantedBy=timers.target']],
  ])
}

function unitFile(sections: readonly (readonly [string, readonly string[]])[]): string {
  return `# Managed by Chorus.\n${sections.map(([title, lines]) => `[${title}]\n${lines.join('\n')}\n`).join('\n')}`
}
