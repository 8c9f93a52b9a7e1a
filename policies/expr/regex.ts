import { RE2JS } from 're2js'
import { PolicyError } from '../errors.ts'
import { LIMITS } from '../limits.ts'
import { BoundedCache } from './cache.ts'

const compiled = new BoundedCache<RE2JS>(LIMITS.regexCache)

/**
 * Whether `pattern` (RE2 syntax) occurs in `text`, in time linear in the text: JavaScript's own RegExp backtracks and
 * can be made to run for ever.
 *
 * @throws PolicyError E_EXPR if the pattern is not RE2, E_EXPR_LIMIT if it is too long
 */
export function matches(text: string, pattern: string): boolean {
  return compiled.get(pattern, compilePattern).matcher(text).find()
}

/** Checks a pattern that stands in the text of an expression before anything is published. */
export function checkPattern(pattern: string): void {
  compiled.get(pattern, compilePattern)
}

function compilePattern(pattern: string): RE2JS {
  if (pattern.length > LIMITS.regexChars) {
    throw new PolicyError(
      'E_EXPR_LIMIT',
      `the pattern has ${pattern.length} characters, the limit is ${LIMITS.regexChars}`,
    )
  }
  try {
    return RE2JS.compile(pattern)
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new PolicyError('E_EXPR', `'${pattern}' is not a pattern of RE2: ${why}`, {
      hint: 'RE2 has no look-around and no back-references, so that it always ends.',
    })
  }
}
