import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { compileFiles } from '../testing/policies.ts'
import { formatDiagnostic } from './diagnostic.ts'

/**
 * Wrong policies with what is said of them, in `wrong/*.txt`: `=== what is wrong`, the files (`--- name`, policy.yaml if
 * there is no name), `>>>`, and every diagnostic as people see it. After a change that is meant, run once with
 * UPDATE_WRONG=1 and read the difference as somebody who made the mistake.
 */
const FOLDER = join(import.meta.dirname, 'wrong')

interface Case {
  readonly title: string
  readonly source: string
  readonly files: Record<string, string>
  readonly said: string
}

function parseCase(text: string): Case {
  const [head = '', said = ''] = text.split('>>>\n')
  const end = head.indexOf('\n')
  const source = head.slice(end + 1)
  const parts = source.startsWith('--- ') ? source.split(/^--- /m).slice(1) : [`policy.yaml\n${source}`]
  const files = parts.map((part) => [part.slice(0, part.indexOf('\n')), part.slice(part.indexOf('\n') + 1)])
  return { title: head.slice(0, end), source, files: Object.fromEntries(files), said }
}

function sayOf({ files }: Case): string {
  return compileFiles(files)
    .diagnostics.map((item) => `${formatDiagnostic(item)}\n`)
    .join('')
}

const corpus = readdirSync(FOLDER).map((name) => {
  const cases = readFileSync(join(FOLDER, name), 'utf8').split(/^=== /m).slice(1).map(parseCase)
  if (process.env['UPDATE_WRONG'] === '1') {
    const text = cases.map((one) => `=== ${one.title}\n${one.source}>>>\n${sayOf(one)}`)
    writeFileSync(join(FOLDER, name), text.join(''))
  }
  return { name, cases }
})

describe.each(corpus)('wrong policies: $name', ({ cases }) => {
  it.each(cases)('$title', (one) => {
    expect(one.said).not.toBe('')
    expect(sayOf(one)).toBe(one.said)
  })
})

describe('the corpus of wrong policies', () => {
  const all = corpus.flatMap(({ cases }) => cases)

  it('has at least 150 of them, each another', () => {
    expect(new Set(all.map((one) => JSON.stringify(one.files))).size).toBeGreaterThanOrEqual(150)
  })

  it('says for each where it is wrong and what to do, in whole sentences', () => {
    for (const { title, said } of all) {
      for (const line of said.split('\n')) {
        if (line === '' || /^ *\d* \|/.test(line)) continue
        const right = line.startsWith('  ') ? /[.?!:`]$/ : /^[^:]+:\d+:\d+: .*[.?!] \[E_[A-Z_]+\]$/
        expect(line, title).toMatch(right)
      }
    }
  })
})
