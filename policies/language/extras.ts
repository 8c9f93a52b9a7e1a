import { z } from 'zod'
import { LIMITS } from '../limits.ts'
import type { Value } from '../model.ts'
import { checkAttributes } from './attributes.ts'
import { checkTexts, type Names } from './expressions.ts'
import { checkRollout, rolloutShape } from './rollout.ts'
import { complain, type Work } from './work.ts'
import { kindOfNode, valueOf, type YamlEntry } from './yaml.ts'

const duration = z.string().regex(/^[1-9][0-9]{0,6}(ms|s|m|h)$|\$\{/, 'a duration, as in 30s, 10m or 1h')
const argv = z.array(z.string()).min(1, 'a list that starts with a program').max(LIMITS.argvWords)

const check = z
  .strictObject({
    http: z
      .string()
      .regex(/^https?:\/\/|\$\{/, 'a URL that starts with http:// or https://')
      .optional(),
    status: z.int().min(100).max(599).optional(),
    tcp: z
      .string()
      .regex(/^.+:[0-9]+$|\$\{/, 'an address HOST:PORT')
      .optional(),
    exec: argv.optional(),
    within: duration.optional(),
  })
  .refine(({ http, tcp, exec }) => [http, tcp, exec].filter((one) => one !== undefined).length === 1, {
    message: 'exactly one of http, tcp and exec is needed',
  })

/** Parts of a policy beside its resources, as they must be; `chorus docs policy` and the editor show them. */
export const EXTRAS = z.object({
  health: z
    .array(check)
    .max(100)
    .describe(
      'checks that must hold after a change: {http: URL}, {tcp: "host:port"} or {exec: [argv]}, each with within: 30s',
    ),
  priority: z
    .int()
    .min(0)
    .max(1000)
    .describe('of two policies that claim the same resource, the lower number wins (500 if nothing is said)'),
  onFork: z.enum(['newest', 'hold']).describe('what nodes do while two versions follow the same one'),
  onChange: z
    .strictObject({ before: z.array(argv).max(100).optional(), after: z.array(argv).max(100).optional() })
    .describe('commands around a run that changes something'),
  rollout: rolloutShape.describe('in which waves a version reaches the nodes'),
})

type Extra = keyof typeof EXTRAS.shape

/** Reads what is carried to the node as it is written, and checks its form and its names. */
export function readExtras(work: Work, entries: readonly YamlEntry[], names: Names): Record<string, Value> {
  const extras: Record<string, Value> = {}
  for (const entry of entries) {
    if (!isExtra(entry.key)) continue
    if (entry.value.kind === 'scalar' && entry.value.value === null) {
      complain(
        work,
        entry.value,
        'E_VALUE',
        `${entry.key} is ${kindOfNode(entry.value)}`,
        'Remove the key, or give it a value.',
      )
      continue
    }
    const value = valueOf(entry.value)
    extras[entry.key] = value
    if (entry.key !== 'rollout') checkTexts(work, entry.value, names)
    else checkRollout(work, entry, entries.find(({ key }) => key === 'select')?.value)
    const result = checkAttributes(z.object({ [entry.key]: EXTRAS.shape[entry.key] }), { [entry.key]: value })
    if (!('problems' in result)) continue
    for (const { message, hint } of result.problems) {
      const advice = hint ?? ADVICE[entry.key]
      const named = message.startsWith(entry.key) ? message : `${entry.key}: ${message}`
      complain(work, entry.value, 'E_VALUE', named, advice)
    }
  }
  return extras
}

const ADVICE: Readonly<Record<Extra, string>> = {
  health: 'As in health: [{http: "http://127.0.0.1/", within: 30s}].',
  priority: 'Write a whole number from 0 to 1000; it is 100 if nothing is said.',
  onFork: 'Write newest or hold.',
  onChange: 'As in onChange: {before: [[/usr/bin/lb, drain]], after: [[/usr/bin/lb, undrain]]}.',
  rollout: 'As in rollout: {waves: [10%, 100%], soak: 10m, maxFailures: 1}.',
}

function isExtra(key: string): key is Extra {
  return Object.hasOwn(EXTRAS.shape, key)
}
