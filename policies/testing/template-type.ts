import { z } from 'zod'
import { cleanPath, folderOf, hostPath } from '../resources/attributes.ts'
import { mustRun } from '../resources/tool.ts'
import { defineType, KEPT } from '../resources/type.ts'

/** The template of a resource type: a file that is there, and a tool that is told when it is made. Copy it. */
export const template = defineType({
  name: 'template',
  summary: 'One sentence: what it is, and what of it is managed.',
  schema: z.object({
    path: hostPath.describe('where it is; every attribute says what it means'),
    absent: z.boolean().optional().describe('it must not be there'),
  }),
  // What exists once on a host and is its own; and what of others must come first.
  claims: ({ attrs }) => [`path:${cleanPath(attrs.path)}`],
  needs: ({ attrs }) => [`path:${folderOf(cleanPath(attrs.path))}`],
  watchPaths: ({ attrs }) => [cleanPath(attrs.path)],
  check(context, { attrs }) {
    const { host } = context
    const path = cleanPath(attrs.path)
    const there = host.lstat(path) !== null
    if (there === (attrs.absent !== true)) return KEPT
    if (there) return { ok: false, changes: ['removal'], apply: () => host.unlink(path) }
    return {
      ok: false,
      changes: ['new file'],
      async apply() {
        await host.stage(path, { mode: 0o644, uid: host.uid, gid: host.gid }).commit()
        context.remember({ path })
        await mustRun(context, ['logger', '--', `${path} was made`])
      },
    }
  },
  undo(context) {
    const { remembered, host } = context
    const path = typeof remembered === 'object' && remembered !== null && 'path' in remembered ? remembered.path : null
    // What somebody else manages by now stays.
    if (typeof path !== 'string' || host.lstat(path) === null || context.claimed(`path:${path}`)) return KEPT
    return { ok: false, changes: ['removal'], apply: () => host.unlink(path) }
  },
})
