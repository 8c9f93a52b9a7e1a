import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'

/** The table at the end of docs/errors.md: what comes in, the code that is said, and the test that shows it. */
const page = readFileSync('docs/errors.md', 'utf8')
const part = page.slice(page.indexOf('## Bad input'))
const rows = [...part.matchAll(/^\| (.+?) +\| ((?:`E_[A-Z0-9_]+` ?)+) *\| ([\w./-]+\.test\.ts): (.+?) +\|$/gm)].map(
  ([, what = '', codes = '', file = '', title = '']) => ({
    what,
    codes: [...codes.matchAll(/E_[A-Z0-9_]+/g)].map(([code]) => code),
    file,
    title,
  }),
)

describe('bad input', () => {
  it('is in a table that is read whole', () => {
    const lines = part.split('\n').filter((line) => line.startsWith('| ') && !line.startsWith('| -'))
    // All but the heading.
    expect(rows).toHaveLength(lines.length - 1)
    expect(rows.length).toBeGreaterThan(50)
  })

  it.each(rows)('$what: has its test, which says the code, and an entry that explains it', ({ codes, file, title }) => {
    expect(existsSync(file), `${file} is not there`).toBe(true)
    const text = readFileSync(file, 'utf8')
    expect(
      [`'${title}'`, `"${title}"`].some((quoted) => text.includes(quoted)),
      `${file} has no test "${title}"`,
    ).toBe(true)
    for (const code of codes) {
      expect(text, `${file} never says ${code}`).toContain(code)
      expect(page, `${code} has no entry`).toMatch(new RegExp(`^\\| \`${code}\` `, 'm'))
    }
  })
})
