import { z } from 'zod'
import { PolicyError } from '../errors.ts'
import { account } from './account.ts'
import { broughtBy, oneLineArgv, variables } from './attributes.ts'
import { ownedVerdict, rewindOwned, undoOwned } from './owned.ts'
import { cronCommand } from './quoting.ts'
import { defineType } from './type.ts'

const FIELD = String.raw`(\*|[0-9A-Za-z,-]+)(\/[0-9]+)?(,[0-9A-Za-z*\/-]+)*`
const SCHEDULE = new RegExp(
  `^(@(reboot|yearly|annually|monthly|weekly|daily|midnight|hourly)|${Array(5).fill(FIELD).join(' +')})$`,
)

const schema = z
  .object({
    schedule: z
      .string()
      .regex(SCHEDULE, 'must be five fields, as in "15 3 * * 1", or @daily and the like')
      .optional()
      .describe('minute, hour, day, month, day of the week; or @daily'),
    argv: oneLineArgv.optional().describe('the program and its arguments; each stays one word'),
    user: account.optional().describe('who runs it; root if nothing is said'),
    env: variables.optional().describe('variables, such as MAILTO and PATH'),
    state: z.enum(['present', 'absent']).optional().describe('present if nothing is said'),
  })
  .refine(
    ({ schedule, argv, state }) => state === 'absent' || (schedule !== undefined && argv !== undefined),
    'a cron job needs schedule and argv',
  )

export const cron = defineType({
  name: 'cron',
  summary: 'A command that cron runs at set times, by a file in /etc/cron.d.',
  schema,
  wholeHost: true,
  afterTypes: ['package'],
  needsRoot: () => 'only root can write to /etc/cron.d',
  runsCommands: () => true,
  claims: ({ name }) => [`path:/etc/cron.d/${name}`],
  needs: ({ attrs }) => [...(attrs.user === undefined ? [] : [`user:${attrs.user}`]), ...broughtBy(attrs.argv?.[0])],
  watchPaths: ({ name }) => [`/etc/cron.d/${name}`],
  check(context, { name, attrs }) {
    // cron skips every file with a dot in its name.
    if (!/^[A-Za-z0-9_][A-Za-z0-9_-]*$/.test(name))
      throw new PolicyError('E_VALUE', `cron would skip a file named '${name}': use letters, digits, _ and -`)
    const { schedule = '', argv = [], user = 'root', env = {}, state } = attrs
    const settings = Object.entries(env).map(([variable, value]) => `${variable}=${cronValue(value)}\n`)
    const content = `# Managed by Chorus.\n${settings.join('')}${schedule} ${user} ${cronCommand(argv)}\n`
    return ownedVerdict(context, [{ path: `/etc/cron.d/${name}`, content: state === 'absent' ? null : content }])
  },
  undo: (context) => undoOwned(context),
  rewind: (context) => rewindOwned(context),
})

/** cron takes what stands between quotes as it is, and knows no escape in it. */
function cronValue(value: string): string {
  return value.includes('"') ? `'${value}'` : `"${value}"`
}
