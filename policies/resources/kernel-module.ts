import { z } from 'zod'
import { PolicyError } from '../errors.ts'
import { ownedVerdict, undoOwned, type OwnedFile } from './owned.ts'
import { mustRun } from './tool.ts'
import { defineType, type TypeContext } from './type.ts'

const NAME = /^[A-Za-z0-9_][A-Za-z0-9_-]*$/

const schema = z
  .object({
    module: z
      .string()
      .regex(NAME, 'must be the name of a module')
      .optional()
      .describe('its name, if it is not that of the resource'),
    state: z
      .enum(['loaded', 'absent'])
      .optional()
      .describe('absent also keeps it from being loaded; loaded if nothing is said'),
    options: z
      .string()
      .max(4096)
      .regex(/^[^\p{Cc}\\]+$/u, 'must be one line')
      .optional()
      .describe('its parameters, used when it is next loaded: max_loop=64'),
    persist: z.boolean().optional().describe('also at the next start of the system; true if nothing is said'),
  })
  .refine(
    ({ state, options }) => state !== 'absent' || options === undefined,
    'options and state: absent exclude each other',
  )

export const kernelModule = defineType({
  name: 'kernel_module',
  summary: 'A module of the kernel: loaded now and at every start, or kept out.',
  schema,
  wholeHost: true,
  needsRoot: () => 'only root can load modules',
  claims: ({ name, attrs }) => [`kernel_module:${(attrs.module ?? name).replaceAll('-', '_')}`],
  watchPaths: ({ name, attrs }) => filesFor(attrs.module ?? name, true, undefined, true).map(({ path }) => path),
  check(context, { name, attrs }) {
    const module = attrs.module ?? name
    if (!NAME.test(module)) throw new PolicyError('E_VALUE', `'${module}' cannot be the name of a module`)
    const wanted = attrs.state !== 'absent'
    const files = filesFor(module, wanted, attrs.options, attrs.persist !== false)
    const is = isLoaded(context, module)
    return ownedVerdict(context, files, {
      changes: is === wanted ? [] : [wanted ? 'load' : 'unload'],
      run: async () => {
        if (is !== wanted)
          await mustRun(context, wanted ? ['modprobe', '--', module] : ['modprobe', '-r', '--', module])
      },
    })
  },
  undo: (context) => undoOwned(context),
})

/** What is built into the kernel counts as loaded if it shows itself. */
function isLoaded({ host }: TypeContext, module: string): boolean {
  return host.lstat(`/sys/module/${module.replaceAll('-', '_')}`) !== null
}

function filesFor(module: string, wanted: boolean, options: string | undefined, persist: boolean): OwnedFile[] {
  const settings = wanted
    ? options === undefined
      ? null
      : `options ${module} ${options}\n`
    : `blacklist ${module}\ninstall ${module} /bin/false\n`
  const head = '# Managed by Chorus.\n'
  return [
    { path: `/etc/modules-load.d/chorus-${module}.conf`, content: wanted && persist ? `${head}${module}\n` : null },
    { path: `/etc/modprobe.d/chorus-${module}.conf`, content: settings === null || !persist ? null : head + settings },
  ]
}
