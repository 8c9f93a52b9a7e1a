import { RE2JS } from 're2js'
import { BoundedCache } from '../expr/cache.ts'
import { interpolation } from '../expr/interpolate.ts'
import { LIMITS } from '../limits.ts'

const cache = new BoundedCache<RE2JS>(LIMITS.regexCache)

/**
 * What a text with `${...}` can become: each expression stands for any text. With `orBelow`, also what lies below it,
 * if it is a folder.
 *
 * @throws PolicyError E_EXPR if an expression does not parse
 */
export function patternOf(text: string, orBelow = false): RE2JS {
  return cache.get(`${orBelow ? 1 : 0}${text}`, () => {
    const parts = interpolation(text).parts.map((part) => (typeof part === 'string' ? RE2JS.quote(part) : '.+'))
    return RE2JS.compile(`(?s)${parts.join('')}${orBelow ? '(/.*)?' : ''}`)
  })
}
