import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { filled } from '../../bench/lib/page.ts'
import { SECTIONS } from '../../bench/lib/sections.ts'

/** The formatter aligns tables: cells are compared. */
function words(page: string): string {
  return page.replaceAll(/-{3,}/g, '---').replaceAll(/[ \n]+/g, ' ')
}

describe('docs/performance.md', () => {
  const page = readFileSync('docs/performance.md', 'utf8')

  it('shows the figures of bench/results as they are: after a bench comes `npm run bench:page`', () => {
    expect(words(filled(page))).toBe(words(page))
  })

  it('has figures for every bench that it names', () => {
    const empty = SECTIONS.filter(({ bench }) => page.includes(`Not measured yet: \`npm run bench:${bench}\``))
    expect(empty.map(({ bench }) => bench)).toEqual([])
  })
})
