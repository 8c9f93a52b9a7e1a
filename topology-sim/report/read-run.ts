import { z } from 'zod'
import type { RunResult } from '../run/result.ts'

/** What every reader needs before it trusts the rest, which this program wrote. */
const headSchema = z.looseObject({
  v: z.literal(1),
  kind: z.literal('sim-run'),
  scenario: z.string(),
  again: z.looseObject({ file: z.string(), policies: z.array(z.string()), digest: z.string() }),
  seed: z.int(),
  nodes: z.int(),
  traceHash: z.string(),
  publications: z.array(z.looseObject({ name: z.string() })),
  traffic: z.looseObject({ bytesPerNode: z.looseObject({}) }),
  convergence: z.looseObject({}),
  expectations: z.array(z.looseObject({ ok: z.boolean() })),
  violations: z.array(z.unknown()),
})

/** The runs in a text: `run.json`, or the output of `sim run --json`, also of several seeds; null if there are none. */
export function parseRuns(text: string): readonly RunResult[] | null {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    return null
  }
  const several =
    typeof json === 'object' && json !== null && 'runs' in json && Array.isArray(json.runs) ? json.runs : [json]
  const runs = several.map((run: unknown) => headSchema.safeParse(run))
  // The head was checked; the rest was written by `collect`.
  return runs.every(({ success }) => success) ? runs.map(({ data }) => data as unknown as RunResult) : null
}
