import { z } from 'zod'
import { PolicyError } from '../errors.ts'
import { LIMITS } from '../limits.ts'
import { cleanPath, foldersAbove, hostPath } from './attributes.ts'
import { makeFoldersAbove } from './file-step.ts'
import { Trace } from './file-trace.ts'
import { fieldsOf } from './remembered.ts'
import { editLines, lineEditStep, type LineEdit } from './shared-file.ts'
import { askTool, mustRun } from './tool.ts'
import { defineType, KEPT, type TypeContext, type Typed, type Verdict } from './type.ts'

const FSTAB = '/etc/fstab'
const word = z
  .string()
  .max(LIMITS.hostPathChars)
  .regex(/^[^\p{Cc}-][^\p{Cc}]*$/u, 'must be one line that does not start with -')

const schema = z
  .object({
    path: hostPath.describe('where it is mounted; the folder is made if it is missing'),
    device: word.optional().describe('what is mounted: /dev/sdb1, UUID=..., server:/export, tmpfs'),
    type: z
      .string()
      .regex(/^[a-z0-9][a-z0-9._-]*$/, 'must be the name of a file system')
      .optional()
      .describe('its file system: ext4, nfs, tmpfs'),
    options: z
      .array(z.string().regex(/^[^\s,]+$/, 'must be one option each'))
      .max(100)
      .optional()
      .describe('its options; [defaults] if nothing is said'),
    state: z
      .enum(['mounted', 'known', 'unmounted', 'absent'])
      .optional()
      .describe(
        'known: only in /etc/fstab; unmounted: there, and not mounted; absent: neither; mounted if nothing is said',
      ),
    pass: z
      .int()
      .min(0)
      .max(2)
      .optional()
      .describe('order of the check at the start of the system; 0 if nothing is said'),
  })
  .refine(
    ({ device, type, state }) => state === 'absent' || (device !== undefined && type !== undefined),
    'a mount needs device and type',
  )

type MountResource = Typed<z.output<typeof schema>>

export const mount = defineType({
  name: 'mount',
  summary: 'A file system at its place in the tree: in /etc/fstab, and mounted.',
  schema,
  wholeHost: true,
  afterTypes: ['package', 'kernel_module'],
  needsRoot: () => 'only root can mount',
  claims: ({ attrs }) => [`mount:${cleanPath(attrs.path)}`],
  needs: ({ attrs }) => [
    `path:${FSTAB}`,
    `path:${cleanPath(attrs.path)}`,
    ...foldersAbove(cleanPath(attrs.path)).flatMap((folder) => [`path:${folder}`, `mount:${folder}`]),
  ],
  watchPaths: () => [FSTAB],
  async check(context, { attrs }) {
    const path = cleanPath(attrs.path)
    const { state = 'mounted' } = attrs
    const edit = withMount(path, state === 'absent' ? null : lineFor(path, attrs))
    const step = await lineEditStep(context, FSTAB, edit)
    const mounted = await isMounted(context, path)
    const change = step === null ? [] : step.changes.map((phrase) => `${FSTAB}: ${phrase}`)
    const action = actionFor(state, mounted, step !== null)
    if (action !== null) change.push(action)
    if (change.length === 0) return KEPT
    return {
      ok: false,
      changes: change,
      ...(step?.diff === undefined ? {} : { diff: step.diff }),
      async apply() {
        // What is taken out must not be needed for finding out what it is.
        if (action === 'unmount') await mustRun(context, ['umount', '--', path], { timeoutMs: LIMITS.serviceMs })
        if (step !== null) await editLines(context, FSTAB, edit)
        context.remember({ path, made: madeBefore(context) || (step !== null && state !== 'absent') })
        if (action === 'mount' && context.host.lstat(path) === null) makeFolder(context, path)
        if (action === 'mount') await mustRun(context, ['mount', '--', path], { timeoutMs: LIMITS.serviceMs })
        if (action === 'remount')
          await mustRun(context, ['mount', '-o', 'remount', '--', path], { timeoutMs: LIMITS.serviceMs })
      },
    }
  },
  async undo(context): Promise<Verdict> {
    const { path } = fieldsOf(context.remembered)
    if (typeof path !== 'string' || !madeBefore(context) || context.claimed(`mount:${path}`)) return KEPT
    const edit = withMount(path, null)
    const [step, mounted] = [await lineEditStep(context, FSTAB, edit), await isMounted(context, path)]
    if (step === null && !mounted) return KEPT
    return {
      ok: false,
      changes: [...(mounted ? [`unmount ${path}`] : []), ...(step === null ? [] : [`${path} out of ${FSTAB}`])],
      async apply() {
        if (mounted) await mustRun(context, ['umount', '--', path], { timeoutMs: LIMITS.serviceMs })
        await editLines(context, FSTAB, edit)
      },
    }
  },
})

const madeBefore = (context: TypeContext): boolean => fieldsOf(context.remembered)['made'] === true

function actionFor(state: string, mounted: boolean, changed: boolean): 'mount' | 'unmount' | 'remount' | null {
  if (state === 'known') return null
  if (state !== 'mounted') return mounted ? 'unmount' : null
  if (!mounted) return 'mount'
  return changed ? 'remount' : null
}

function makeFolder(context: TypeContext, path: string): void {
  makeFoldersAbove(context, `${path}/.`, new Trace(null))
}

function lineFor(
  path: string,
  { device = '', type = '', options = ['defaults'], pass = 0 }: MountResource['attrs'],
): string {
  return [escaped(device), escaped(path), type, options.join(), '0', String(pass)].join('\t')
}

/** Blanks and backslashes as fstab(5) wants them. */
function escaped(text: string): string {
  return text.replaceAll(/[\s\\]/g, (mark) => `\\${mark.charCodeAt(0).toString(8).padStart(3, '0')}`)
}

/** The line of this path is the wanted one, wherever it stood; null: there is none. */
function withMount(path: string, wanted: string | null): LineEdit {
  return (lines) => {
    const isOurs = (line: string): boolean => !/^\s*#/.test(line) && line.trim().split(/\s+/)[1] === escaped(path)
    const at = lines.findIndex(isOurs)
    const others = lines.filter((line) => !isOurs(line))
    if (wanted === null) return others.length === lines.length ? lines : others
    if (at >= 0 && lines[at] === wanted && others.length === lines.length - 1) return lines
    const before = at < 0 ? others.length : lines.slice(0, at).filter((line) => !isOurs(line)).length
    return [...others.slice(0, before), wanted, ...others.slice(before)]
  }
}

async function isMounted(context: TypeContext, path: string): Promise<boolean> {
  if (context.host.lstat('/proc/self/mounts') === null)
    throw new PolicyError('E_UNSUPPORTED', 'this host has no /proc, so it cannot be told what is mounted')
  const mounts = await askTool(context, ['cat', '/proc/self/mounts'])
  return mounts.split('\n').some((line) => line.split(' ')[1] === escaped(path))
}
