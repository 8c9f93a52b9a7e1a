import { z } from 'zod'
import { groupsOf } from './account-files.ts'
import { inTurn } from './account-turns.ts'
import { account, accountId, checkedAccount, remembersMade } from './account.ts'
import { mustRun } from './tool.ts'
import { defineType, KEPT, type TypeContext, type Typed } from './type.ts'

const schema = z.object({
  group: account.optional().describe('its name, if it is not that of the resource'),
  state: z.enum(['present', 'absent']).optional().describe('present if nothing is said'),
  gid: accountId.optional().describe('its number; the next free one if nothing is said'),
  system: z.boolean().optional().describe('a new group gets a number from the range of the system'),
  members: z.array(account).max(10_000).optional().describe('users that must be in it'),
  exclusive: z.boolean().optional().describe('with members: nobody else may be in it'),
})

type GroupResource = Typed<z.output<typeof schema>>

const nameOf = ({ name, attrs }: GroupResource): string => attrs.group ?? name

export const group = defineType({
  name: 'group',
  summary: 'A group of users of this host, its number and members.',
  schema,
  wholeHost: true,
  afterTypes: ['package'],
  needsRoot: () => 'only root can manage groups',
  claims: (resource) => [`group:${nameOf(resource)}`],
  needs: ({ attrs }) => (attrs.members ?? []).map((member) => `user:${member}`),
  watchPaths: () => ['/etc/group'],
  check(context, resource) {
    const { attrs } = resource
    const name = checkedAccount(nameOf(resource), 'group')
    const is = groupsOf(context.host).get(name)
    if (attrs.state === 'absent') return is === undefined ? KEPT : removal(context, name)
    const steps: { readonly change: string; readonly argv: readonly string[] }[] = []
    const step = (change: string, ...argv: string[]): number => steps.push({ change, argv })
    if (is === undefined) {
      const number = attrs.gid === undefined ? [] : ['-g', String(attrs.gid)]
      step('new group', 'groupadd', ...(attrs.system === true ? ['-r'] : []), ...number, name)
    } else if (attrs.gid !== undefined && is.gid !== attrs.gid) {
      step(`gid ${is.gid} -> ${attrs.gid}`, 'groupmod', '-g', String(attrs.gid), name)
    }
    const there = is?.members ?? []
    const missing = (attrs.members ?? []).filter((member) => !there.includes(member))
    const others = there.filter((member) => attrs.members?.includes(member) === false)
    if (attrs.exclusive === true && attrs.members !== undefined && missing.length + others.length > 0) {
      step(`members ${attrs.members.join(', ') || 'none'}`, 'gpasswd', '-M', attrs.members.join(), name)
    } else for (const member of missing) step(`member ${member}`, 'gpasswd', '-a', member, name)
    if (steps.length === 0) return KEPT
    return {
      ok: false,
      changes: steps.map(({ change }) => change),
      apply: () =>
        inTurn(context, async () => {
          for (const { argv } of steps) {
            await mustRun(context, argv)
            if (argv[0] === 'groupadd') context.remember({ made: true, name })
          }
        }),
    }
  },
  undo(context) {
    const made = remembersMade(context.remembered)
    if (made === null || context.claimed(`group:${made.name}`)) return KEPT
    return groupsOf(context.host).has(made.name) ? removal(context, made.name) : KEPT
  },
})

function removal(context: TypeContext, name: string) {
  return {
    ok: false,
    changes: [`remove group ${name}`],
    apply: () =>
      inTurn(context, async () => {
        await mustRun(context, ['groupdel', name])
        context.remember(null)
      }),
  } as const
}
