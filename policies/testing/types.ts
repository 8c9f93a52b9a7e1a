import { z } from 'zod'
import type { TypeTable } from '../language/types.ts'

const mode = z.string().regex(/^0?[0-7]{3,4}$/, 'an octal mode, as in "0644"')
const argv = z.array(z.string()).min(1)

/** Resource types as tests of the language need them: their schemas only, wide enough for the policies of the language page. */
export const TEST_TYPES: TypeTable = {
  file: {
    schema: z
      .object({
        path: z.string(),
        content: z.string().optional(),
        template: z.string().optional(),
        source: z.string().optional(),
        link: z.string().optional(),
        ensure: z.enum(['present', 'absent', 'directory']).optional(),
        mode: mode.optional(),
        owner: z.string().optional(),
        group: z.string().optional(),
        validate: argv.optional(),
        verify: argv.optional(),
      })
      .refine(
        (file) =>
          [file.content, file.template, file.source, file.link].filter((part) => part !== undefined).length <= 1,
        {
          message: 'content, template, source and link exclude each other',
        },
      ),
  },
  package: { schema: z.object({ version: z.string().optional() }) },
  service: {
    schema: z.object({
      state: z.enum(['running', 'stopped']).optional(),
      enabled: z.boolean().optional(),
      onNotify: z.enum(['restart', 'reload']).default('restart'),
    }),
  },
  user: {
    schema: z.object({ shell: z.string().optional(), groups: z.array(z.string()).optional() }),
    onRemove: 'undo',
  },
  ssh_keys: {
    schema: z.object({ user: z.string(), keys: z.array(z.string()), exclusive: z.boolean().default(false) }),
    onRemove: 'undo',
  },
  exec: { schema: z.object({ argv, once: z.string().optional(), env: z.record(z.string(), z.string()).optional() }) },
  archive: { schema: z.object({ source: z.string(), path: z.string(), keep: z.number().int().optional() }) },
}
