import type { Outcome } from '../../policies/index.ts'

/** Shorter ones are found in any text by chance; what uses them is sensitive all the same. */
const CHARS_MIN = 4

/**
 * Takes the values of secrets out of what a run says: the second line behind resources that are sensitive, for texts that
 * come from elsewhere (a path made of a secret, a tool that repeats its input). Of a value of several lines each line.
 *
 * @param values by the name of the secret
 */
export function redacted(outcomes: readonly Outcome[], values: ReadonlyMap<string, string>): readonly Outcome[] {
  const parts = [...values].flatMap(([name, value]) =>
    [value, ...value.split('\n')]
      .map((part) => part.trim())
      .filter((part) => part.length >= CHARS_MIN)
      .map((part) => ({ name, part })),
  )
  if (parts.length === 0) return outcomes
  // The longest first: what lies in another value would leave the rest of that.
  const sorted = parts.toSorted((a, b) => b.part.length - a.part.length)
  const clean = (text: string): string =>
    sorted.reduce((left, { name, part }) => left.replaceAll(part, () => `(secret ${name})`), text)
  return outcomes.map((outcome) => {
    const reason = clean(outcome.reason)
    const diff = outcome.diff === undefined ? undefined : clean(outcome.diff)
    if (reason === outcome.reason && diff === outcome.diff) return outcome
    return { ...outcome, reason, ...(diff === undefined ? {} : { diff }) }
  })
}
