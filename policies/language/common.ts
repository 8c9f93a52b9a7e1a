import { z } from 'zod'
import { LIMITS } from '../limits.ts'
import { duration, schedule } from '../resources/timing.ts'

const references = z.union([z.string(), z.array(z.string())])

/** Attributes that every resource takes, whatever its type, as they are after evaluation. */
export const COMMON_ATTRIBUTES = z.object({
  require: references.optional().describe('resources that must come first: [package/nginx]'),
  before: references.optional().describe('resources that must come after this one'),
  notify: references.optional().describe('resources that are told when this one changes'),
  subscribe: references.optional().describe('resources whose change tells this one'),
  when: z
    .union([z.string(), z.boolean()])
    .optional()
    .describe('a condition (CEL); where it is false, the resource is absent'),
  each: z
    .union([z.string(), z.array(z.unknown()), z.record(z.string(), z.unknown())])
    .optional()
    .describe('a map or list; the resource is repeated with each.key and each.value'),
  noop: z.boolean().optional().describe('report what would change, and change nothing'),
  sensitive: z.boolean().optional().describe('never show its content in a diff or log'),
  onRemove: z.enum(['leave', 'undo']).optional().describe('what happens when no policy wants it any more'),
  retries: z
    .number()
    .int()
    .min(0)
    .max(LIMITS.retries)
    .optional()
    .describe('how often it is tried again in the same run if it fails; 0 if nothing is said'),
  delay: duration.optional().describe('the pause before each new try, as in 5s; 1s if nothing is said'),
  timeout: z
    .union([
      z
        .number()
        .int()
        .positive()
        .max(LIMITS.execTimeoutMaxMs / 1000),
      duration,
    ])
    .optional()
    .describe('how long one try may take: seconds, or as in 10m; commands are killed then'),
  schedule: schedule
    .optional()
    .describe('when it may be changed, by the clock of the host: {from: "22:00", to: "05:00", days: [sat, sun]}'),
  tags: z
    .union([z.string(), z.array(z.string())])
    .optional()
    .describe('names to pick resources by'),
})

export const REFERENCE_ATTRIBUTES = ['require', 'before', 'notify', 'subscribe'] as const

/** Whether an attribute is one of all types: a type that has one of that name keeps its own meaning. */
export function isCommon(attr: string, type?: { readonly schema: z.ZodObject }): boolean {
  return Object.hasOwn(COMMON_ATTRIBUTES.shape, attr) && !(type !== undefined && Object.hasOwn(type.schema.shape, attr))
}

/** Problem with a resource key after evaluation, or undefined. */
export function keyProblem(key: string): string | undefined {
  const slash = key.indexOf('/')
  if (slash <= 0) return 'needs the form type/name, as in file/motd'
  return nameProblem(key.slice(slash + 1))
}

function nameProblem(name: string): string | undefined {
  if (name === '') return 'has no name after the /'
  if (name.length > 200) return 'has a name of more than 200 characters'
  return /^[^\s\p{C}]+$/u.test(name) ? undefined : 'has white space or control characters in its name'
}

/** A key as people read it: what stands for the item of an instance looks like that of a resource. */
export function shownKey(key: string): string {
  return key.replaceAll(/\$\{instance\["[^"]*"\]\.key\}/g, () => '${each.key}')
}
