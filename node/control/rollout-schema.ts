import { z } from 'zod'

const count = z.number().int().nonnegative()

/** The waves of a version that is to be published, as its record will say them (`Rollout` of the core). */
export const rolloutSchema = z.object({
  waves: z
    .array(
      z.union([
        z.strictObject({ select: z.string() }),
        z.strictObject({ count: count.min(1) }),
        z.strictObject({ percent: count.min(1).max(100) }),
      ]),
    )
    .min(1)
    .max(100)
    .readonly(),
  soakMs: count,
  maxFailures: count,
})
