import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'

const files = execFileSync('git', ['ls-files', '-co', '--exclude-standard'], { encoding: 'utf8' })
  .split('\n')
  .filter((file) => /^(node|policies|cli-tui|topology-sim)\/.*\.tsx?$/.test(file))
  .filter((file) => !/\.test\.tsx?$/.test(file) && !file.includes('/testing/'))
const page = readFileSync('docs/errors.md', 'utf8')
const rows = [...page.matchAll(/^\| `(E_[A-Z0-9_]+)` +\| (.*) \| (.*) \|$/gm)]

describe('docs/errors.md', () => {
  it('explains every code that the program can say, and no other', () => {
    const said = new Set(
      files.flatMap((file) =>
        [...readFileSync(file, 'utf8').matchAll(/\bE_[A-Z][A-Z0-9_]*\b/g)].map((match) => match[0]),
      ),
    )
    const explained = new Set(rows.map((row) => row[1] ?? ''))
    expect([...said].filter((code) => !explained.has(code)).sort(), 'add these to docs/errors.md').toEqual([])
    expect([...explained].filter((code) => !said.has(code)).sort(), 'nothing says these any more').toEqual([])
  })

  it('explains each once, with what it means and what to do', () => {
    const codes = rows.map((row) => row[1])
    expect(codes).toEqual([...new Set(codes)])
    for (const [, code, meaning = '', remedy = ''] of rows)
      expect([code, meaning.length > 10, remedy.length > 5]).toEqual([code, true, true])
  })
})
