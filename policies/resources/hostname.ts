import { z } from 'zod'
import { PolicyError } from '../errors.ts'
import { readKernel, writeKernel } from './kernel-files.ts'
import { ownedVerdict, rewindOwned, undoOwned } from './owned.ts'
import { fieldsOf } from './remembered.ts'
import { runTool } from './tool.ts'
import { defineType, type TypeContext } from './type.ts'

const PATH = '/proc/sys/kernel/hostname'
const FILE = '/etc/hostname'
const NAME = /^[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*$/

const schema = z.object({
  hostname: z
    .string()
    .max(64)
    .regex(NAME, 'must be a host name: letters, digits and - between dots, 64 characters at most')
    .optional()
    .describe('the name of this host, if it is not that of the resource'),
})

export const hostname = defineType({
  name: 'hostname',
  summary: 'The name of this host, now and at every start.',
  schema,
  wholeHost: true,
  needsRoot: () => 'only root can name the host',
  claims: () => ['hostname:', `path:${FILE}`],
  watchPaths: () => [FILE],
  async check(context, { name, attrs }) {
    const wanted = attrs.hostname ?? name
    if (!NAME.test(wanted) || wanted.length > 64) throw new PolicyError('E_VALUE', `'${wanted}' cannot be a host name`)
    const is = await readKernel(context, PATH)
    const before = fieldsOf(context.remembered)['was']
    return ownedVerdict(context, [{ path: FILE, content: `${wanted}\n` }], {
      changes: is === wanted ? [] : [`${is} -> ${wanted}`],
      note: { was: before ?? is },
      run: async () => {
        if (is !== wanted) await rename(context, wanted)
      },
    })
  },
  undo: (context) => undoOwned(context, () => setBack(context)),
  rewind: (context) => rewindOwned(context, () => setBack(context)),
})

async function setBack(context: TypeContext): Promise<void> {
  const { was } = fieldsOf(context.remembered)
  if (typeof was === 'string' && !context.claimed('hostname:')) await rename(context, was)
}

/** In a container the kernel's files are often read-only, and its tool may name it all the same. */
async function rename(context: TypeContext, name: string): Promise<void> {
  try {
    await writeKernel(context, PATH, name)
  } catch (error) {
    if (!NAME.test(name) || (await runTool(context, ['hostname', name])).code !== 0) throw error
  }
}
