import { z } from 'zod'
import { PolicyError } from '../errors.ts'
import { normal, readKernel, writeKernel } from './kernel-files.ts'
import { ownedVerdict, undoOwned } from './owned.ts'
import { fieldsOf } from './remembered.ts'
import { defineType, type Typed } from './type.ts'

const KEY = /^[A-Za-z0-9_][A-Za-z0-9_./:@-]*$/

const schema = z.object({
  key: z
    .string()
    .regex(KEY, 'must be a name as in net.ipv4.ip_forward')
    .optional()
    .describe('its name, if it is not that of the resource'),
  value: z
    .union([
      z.int(),
      z
        .string()
        .max(4096)
        .regex(/^[^\p{Cc}]+$/u, 'must be one line'),
    ])
    .describe('the value, as the kernel shows it'),
  persist: z
    .boolean()
    .optional()
    .describe('also at the next start of the system, by a file in /etc/sysctl.d; true if nothing is said'),
  runtime: z.boolean().optional().describe('also now; true if nothing is said'),
})

type SysctlResource = Typed<z.output<typeof schema>>

export const sysctl = defineType({
  name: 'sysctl',
  summary: 'A setting of the kernel, now and at every start.',
  schema,
  wholeHost: true,
  afterTypes: ['kernel_module', 'package'],
  needsRoot: () => 'only root can change settings of the kernel',
  claims: (resource) => [`sysctl:${pathOf(keyOf(resource))}`, `path:${fileOf(keyOf(resource))}`],
  watchPaths: (resource) => [fileOf(keyOf(resource))],
  async check(context, resource) {
    const key = keyOf(resource)
    if (!KEY.test(key) || key.split(/[./]/).includes(''))
      throw new PolicyError('E_VALUE', `'${key}' cannot be the name of a setting`)
    const { persist = true, runtime = true } = resource.attrs
    const value = normal(String(resource.attrs.value))
    const is = runtime ? await readKernel(context, pathOf(key)) : value
    const before = fieldsOf(context.remembered)['was']
    const files = persist ? [{ path: fileOf(key), content: `# Managed by Chorus.\n${key} = ${value}\n` }] : []
    return ownedVerdict(context, files, {
      changes: is === value ? [] : [context.sensitive ? `${key} set` : `${key} ${is} -> ${value}`],
      note: { key, was: before ?? (is === value ? null : is) },
      run: async () => {
        if (is !== value) await writeKernel(context, pathOf(key), value)
      },
    })
  },
  undo(context) {
    const { was, key } = fieldsOf(context.remembered)
    const verdict = undoOwned(context)
    if (typeof was !== 'string' || typeof key !== 'string' || context.claimed(`sysctl:${pathOf(key)}`)) return verdict
    return {
      ok: false,
      changes: [...(verdict.ok ? [] : verdict.changes), `${key} -> ${was}`],
      async apply() {
        if (!verdict.ok) await verdict.apply()
        await writeKernel(context, pathOf(key), was)
      },
    }
  },
})

const keyOf = ({ name, attrs }: SysctlResource): string => attrs.key ?? name

/** As sysctl(8): the first of `.` and `/` separates, and the other one is part of a name (eth0.1). */
function pathOf(key: string): string {
  const slashes = /^[^.]*\//.test(key)
  const parts = slashes ? key : key.replaceAll(/[./]/g, (mark) => (mark === '.' ? '/' : '.'))
  return `/proc/sys/${parts}`
}

function fileOf(key: string): string {
  return `/etc/sysctl.d/90-chorus-${key.replaceAll('/', '-')}.conf`
}
