import { z } from 'zod'
import { PolicyError } from '../errors.ts'
import { daysSince1970, groupsOf, shadowOf, usersOf } from './account-files.ts'
import { inTurn } from './account-turns.ts'
import { account, accountId, checkedAccount, remembersMade } from './account.ts'
import { folderOf, hostPath } from './attributes.ts'
import { mustRun } from './tool.ts'
import { defineType, KEPT, type TypeContext, type Typed, type Verdict } from './type.ts'
import { purgeUsers, removeUser } from './user-purge.ts'
import { userSteps, type UserStep, type UserWish } from './user-steps.ts'

const plain = z
  .string()
  .max(1024)
  .regex(/^[^:\p{Cc}]*$/u, 'must not have colons or control characters')

const schema = z
  .object({
    user: account.optional().describe('its name, if it is not that of the resource'),
    state: z.enum(['present', 'absent']).optional().describe('present if nothing is said'),
    uid: accountId.optional().describe('its number; the next free one if nothing is said'),
    group: account.optional().describe('its primary group; one of its own if nothing is said'),
    groups: z.array(account).max(1000).optional().describe('other groups that it must be in'),
    exclusive: z.boolean().optional().describe('with groups: it may be in no other'),
    home: hostPath.optional().describe('its home folder'),
    createHome: z.boolean().optional().describe('make the home folder of a new user; true but for system users'),
    shell: hostPath.optional().describe('its login shell'),
    comment: plain.optional().describe('its full name, or what it is for'),
    password: z
      .string()
      .regex(/^(\$[0-9a-z]+\$[^:\s]+|[*!])$/, 'must be a hash, as `mkpasswd` prints it, and never the password itself')
      .optional()
      .describe('the hash of its password: take it from a secret'),
    locked: z.boolean().optional().describe('no login with a password; true locks, false unlocks'),
    expires: z
      .string()
      .regex(/^(never|\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01]))$/, 'must be a day, as in 2027-12-31, or never')
      .optional()
      .describe('the day on which the account ends'),
    system: z.boolean().optional().describe('a new user gets a number from the range of the system, and no home'),
    removeHome: z.boolean().optional().describe('when the user is removed, its home folder and mail go too'),
    purge: z
      .strictObject({
        from: z.int().min(1000).describe('the first number'),
        to: z.int().min(1000).max(4_294_967_294).describe('the last number'),
        except: z.array(account).max(1000).optional().describe('users that stay all the same'),
      })
      .optional()
      .describe('no user of its own: removes all users with numbers in the range that no policy names'),
  })
  .superRefine((attrs, issue) => {
    const problem = (message: string): void => issue.addIssue({ code: 'custom', message, path: [] })
    if (attrs.purge === undefined) return
    if (attrs.purge.from > attrs.purge.to) problem('purge: from must not be above to')
    const others = Object.keys(attrs).filter((attr) => attr !== 'purge' && attr !== 'removeHome')
    if (others.length > 0) problem(`purge stands alone, or with removeHome, and not with ${others.join(', ')}`)
  })

type UserResource = Typed<z.output<typeof schema>>

const nameOf = ({ name, attrs }: UserResource): string => attrs.user ?? name

export const user = defineType({
  name: 'user',
  summary: 'A user of this host: its number, groups, home, shell, password hash and whether it may log in.',
  schema,
  onRemove: 'undo',
  wholeHost: true,
  afterTypes: ['package'],
  needsRoot: () => 'only root can manage users',
  claims: (resource) => {
    const { purge } = resource.attrs
    return purge === undefined ? [`user:${nameOf(resource)}`] : [`users:${purge.from}-${purge.to}`]
  },
  needs({ attrs: { group, groups = [], shell, home } }) {
    const all = group === undefined ? groups : [group, ...groups]
    return [
      ...all.map((name) => `group:${name}`),
      ...(shell === undefined ? [] : [`path:${shell}`]),
      ...(home === undefined ? [] : [`path:${folderOf(home)}`]),
    ]
  },
  watchPaths: () => ['/etc/passwd', '/etc/shadow', '/etc/group'],
  check(context, resource) {
    const { attrs } = resource
    const { removeHome = false } = attrs
    if (attrs.purge !== undefined) return purgeUsers(context, attrs.purge, removeHome)
    const name = checkedAccount(nameOf(resource), 'user')
    const is = usersOf(context.host).get(name)
    if (attrs.state === 'absent') return is === undefined ? KEPT : removal(context, name, removeHome)
    if (is === undefined && context.host.uidOf(name) !== null)
      throw new PolicyError(
        'E_UNSUPPORTED',
        `${name} is not a user of this host itself but of a directory, and is managed there`,
      )
    const { expires } = attrs
    const wish: UserWish = {
      ...attrs,
      name,
      expires: expires === undefined ? undefined : expires === 'never' ? null : daysSince1970(expires),
      expiryText: expires === 'never' ? '' : (expires ?? ''),
    }
    const asksShadow = attrs.password !== undefined || attrs.locked !== undefined || expires !== undefined
    const shadow = asksShadow ? shadowOf(context.host, name) : undefined
    const steps = userSteps(wish, { user: is, groups: groupsOf(context.host), shadow })
    if (steps.length === 0) return KEPT
    return {
      ok: false,
      changes: steps.map(({ change, argv }) => (context.sensitive && argv.length > 3 ? `${argv[0]}` : change)),
      apply: () => inTurn(context, () => carryOut(context, steps, { made: true, name, removeHome })),
    }
  },
  undo(context) {
    const made = remembersMade(context.remembered)
    if (made === null || context.claimed(`user:${made.name}`)) return KEPT
    return usersOf(context.host).has(made.name) ? removal(context, made.name, made.removeHome) : KEPT
  },
})

async function carryOut(
  context: TypeContext,
  steps: readonly UserStep[],
  made: { readonly made: true; readonly name: string; readonly removeHome: boolean },
): Promise<void> {
  for (const { argv, stdin } of steps) {
    await mustRun(context, argv, stdin === undefined ? {} : { stdin })
    if (argv[0] === 'useradd') context.remember(made)
  }
  const before = remembersMade(context.remembered)
  if (before !== null && before.removeHome !== made.removeHome) context.remember(made)
}

function removal(context: TypeContext, name: string, removeHome: boolean): Verdict {
  return {
    ok: false,
    changes: [removeHome ? `remove user ${name} and its home` : `remove user ${name}`],
    apply: () =>
      inTurn(context, async () => {
        await removeUser(context, name, removeHome)
        context.remember(null)
      }),
  }
}
