import { describe, expect, it } from 'vitest'
import { didYouMean, suggest } from './suggest.ts'

describe('a suggestion', () => {
  const words = ['content', 'source', 'template', 'mode', 'owner']

  it.each([
    ['contnt', 'content'],
    ['cotnent', 'content'],
    ['Source', 'source'],
    ['mod', 'mode'],
    ['onwer', 'owner'],
  ])('takes %s for %s', (word, meant) => {
    expect(suggest(word, words)).toBe(meant)
  })

  it('is not made for what is like nothing', () => {
    expect(suggest('frobnicate', words)).toBeUndefined()
    expect(didYouMean('frobnicate', words)).toBe('')
  })

  it('ends a sentence', () => {
    expect(didYouMean('mdoe', words)).toBe(" Did you mean 'mode'?")
  })
})
