import { z } from 'zod'
import { PolicyError } from '../errors.ts'
import { LIMITS } from '../limits.ts'
import type { Value } from '../model.ts'
import { duration, durationMs, toolName } from './attributes.ts'
import { apk } from './package-apk.ts'
import { apt } from './package-apt.ts'
import { dnf } from './package-dnf.ts'
import { pacman } from './package-pacman.ts'
import type { PackageProvider } from './package-provider.ts'
import { freshIndex, fulfil, packageWork } from './package-transaction.ts'
import type { PackageWish } from './package-wish.ts'
import { fieldsOf, textsOf } from './remembered.ts'
import { defineType, KEPT, type TypeContext, type Typed } from './type.ts'

/** The first whose sign is there. */
export const PROVIDERS: readonly PackageProvider[] = [apt, dnf, apk, pacman]

const schema = z
  .object({
    names: z
      .array(toolName)
      .min(1)
      .max(LIMITS.packageNames)
      .optional()
      .describe('the packages; the name of the resource if nothing is said'),
    state: z
      .enum(['present', 'latest', 'absent'])
      .optional()
      .describe('present if nothing is said; latest also brings each new version as it comes'),
    version: z
      .string()
      .regex(/^[A-Za-z0-9][A-Za-z0-9.+~:_^-]*$/, 'must be a version as the package manager shows it')
      .optional()
      .describe('exactly this version, older or newer than what is there'),
    hold: z.boolean().optional().describe('keep it at its version when others upgrade the system; false releases it'),
    purge: z.boolean().optional().describe('with state: absent: remove its configuration files too'),
    recommends: z.boolean().optional().describe('also install what it only recommends, or not'),
    options: z
      .array(z.string().regex(/^\S+$/, 'must be one word each'))
      .max(LIMITS.argvWords)
      .optional()
      .describe('more words for the package manager, before the names'),
    cacheAge: duration
      .optional()
      .describe('fetch the index of packages before installing if it is older; 1d if nothing is said'),
    timeout: duration.optional().describe('until the package manager is stopped; 30m if nothing is said'),
  })
  .superRefine(({ state, version, purge, names }, issue) => {
    const problem = (message: string): void => issue.addIssue({ code: 'custom', message, path: [] })
    if (version !== undefined && state !== undefined && state !== 'present')
      problem(`version and state: ${state} exclude each other`)
    if (version !== undefined && (names?.length ?? 1) > 1)
      problem('version goes with one name: several seldom have the same')
    if (purge === true && state !== 'absent') problem('purge needs state: absent')
  })

type PackageResource = Typed<z.output<typeof schema>>

const namesOf = ({ name, attrs }: PackageResource): readonly string[] => attrs.names ?? [name]

export const packages = defineType({
  name: 'package',
  summary: 'Packages of the system: installed, at a version, held, or absent. All of a run in one transaction.',
  schema,
  wholeHost: true,
  afterTypes: ['repository'],
  needsRoot: () => 'only root can install packages',
  runsCommands: ({ options }) => options !== undefined,
  claims: (resource) => namesOf(resource).map((name) => `package:${name}`),
  async check(context, resource) {
    const provider = providerOf(context)
    const wish = wishOf(context, resource)
    const bad = wish.names.find((name) => !toolName.safeParse(name).success)
    if (bad !== undefined) throw new PolicyError('E_VALUE', `'${bad}' cannot be the name of a package`)
    if (wish.hold !== undefined && provider.hold === undefined)
      throw new PolicyError('E_UNSUPPORTED', `${provider.name} cannot hold packages: leave \`hold\` out on this host`)
    // What is new is only known from a fresh index. A plan fetches nothing.
    if (wish.state === 'latest' && context.diffs !== 'all') await freshIndex(provider, wish)
    const work = await packageWork(provider, wish)
    if (work.changes.length === 0) return KEPT
    return {
      ok: false,
      changes: work.changes,
      async apply() {
        await context.gather(`package ${provider.name}`, wish, (wishes) => fulfil(provider, wishes))
        const gone = new Set(work.remove)
        const made = new Set([...madeBefore(context.remembered), ...work.fresh].filter((name) => !gone.has(name)))
        if (made.size > 0 || context.remembered !== null) context.remember({ made: [...made] })
      },
    }
  },
  // Those of other systems are not there, and what is not there costs nothing.
  watchPaths: () => PROVIDERS.flatMap(({ stamps }) => stamps),
  async undo(context) {
    const free = madeBefore(context.remembered).filter((name) => !context.claimed(`package:${name}`))
    if (free.length === 0) return KEPT
    const provider = providerOf(context)
    const wish: PackageWish = { ...DEFAULTS, context, names: free, state: 'absent' }
    const { changes } = await packageWork(provider, wish)
    if (changes.length === 0) return KEPT
    return {
      ok: false,
      changes,
      apply: () => context.gather(`package ${provider.name}`, wish, (wishes) => fulfil(provider, wishes)),
    }
  },
})

function providerOf({ host }: TypeContext): PackageProvider {
  const found = PROVIDERS.find(({ sign }) => host.lstat(sign) !== null)
  if (found !== undefined) return found
  const known = PROVIDERS.map(({ name }) => name).join(', ')
  throw new PolicyError('E_UNSUPPORTED', `this host has none of the package managers that Chorus knows: ${known}`)
}

const DEFAULTS = {
  state: 'present',
  version: undefined,
  hold: undefined,
  purge: false,
  recommends: undefined,
  options: [],
  indexMs: LIMITS.packageIndexMs,
  timeoutMs: LIMITS.packagesMs,
} as const

function wishOf(context: TypeContext, resource: PackageResource): PackageWish {
  const {
    state = 'present',
    version,
    hold,
    purge = false,
    recommends,
    options = [],
    cacheAge,
    timeout,
  } = resource.attrs
  return {
    context,
    names: namesOf(resource),
    state,
    version,
    hold,
    purge,
    recommends,
    options,
    indexMs: cacheAge === undefined ? DEFAULTS.indexMs : durationMs(cacheAge),
    timeoutMs: timeout === undefined ? DEFAULTS.timeoutMs : durationMs(timeout),
  }
}

/** Names of packages that were not there before Chorus installed them. */
function madeBefore(remembered: Value): readonly string[] {
  return textsOf(fieldsOf(remembered)['made'])
}
