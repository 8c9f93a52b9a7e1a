import fc from 'fast-check'
import { stringify } from 'yaml'
import { describe, expect, it } from 'vitest'
import type { Value } from '../model.ts'
import { Report } from './diagnostic.ts'
import { readYaml, valueOf } from './yaml.ts'

function read(text: string): { value: Value | undefined; problems: string[] } {
  const report = new Report()
  const node = readYaml('f', text, report)
  const problems = report.list().map(({ code, line, column, message }) => `${code} ${line}:${column} ${message}`)
  return { value: node === undefined ? undefined : valueOf(node), problems }
}

describe('strict YAML', () => {
  it('reads the values of the language', () => {
    expect(read('a: 1\nb: [x, "1.10", true, null, -5, 0x1f]\nc: {80: http, on: yes}\n')).toEqual({
      value: { a: 1, b: ['x', '1.10', true, null, -5, 31], c: { '80': 'http', on: 'yes' } },
      problems: [],
    })
    expect(read('a: &x {b: 1}\nc: *x\n').value).toEqual({ a: { b: 1 }, c: { b: 1 } })
    expect(read('').value).toBeUndefined()
  })

  it.each<[string, string, string]>([
    ['a duplicate key', 'a: 1\nb: 2\na: 3\n', "E_DUPLICATE_KEY 3:1 The key 'a' is there twice."],
    ['a duplicate key further in', 'x:\n  - {a: 1, a: 2}\n', "E_DUPLICATE_KEY 2:12 The key 'a' is there twice."],
    ['keys that are the same text', '1: a\n"1": b\n', "E_DUPLICATE_KEY 2:1 The key '1' is there twice."],
    ['a tag', 'when: !vars.prod\n', 'E_YAML 1:7 Unresolved tag: !vars.prod.'],
    ['a tag of older YAML', 'a: !!binary aGk=\n', 'E_YAML 1:4 Unresolved tag: tag:yaml.org,2002:binary.'],
    ['a number with a point', 'v: 1.10\n', 'E_VALUE 1:4 1.10 would not keep its form as a number.'],
    ['a mode without quotes', 'mode: 0644\n', 'E_VALUE 1:7 0644 would not keep its form as a number.'],
    ['an exponent', 'v: 1e3\n', 'E_VALUE 1:4 1e3 would not keep its form as a number.'],
    ['infinity', 'v: .inf\n', 'E_VALUE 1:4 .inf would not keep its form as a number.'],
    [
      'a number beyond 2^53-1',
      'v: 9007199254740993\n',
      'E_VALUE 1:4 9007199254740993 would not keep its form as a number.',
    ],
    ['a merge key', 'a: &x {b: 1}\nc:\n  <<: *x\n', 'E_YAML 3:3 Merge keys (<<) are not part of YAML 1.2.'],
    ['a prototype', '__proto__: {a: 1}\n', "E_YAML 1:1 The key '__proto__' is not allowed."],
    ['a map as a key', '? {a: 1}\n: 2\n', 'E_YAML 1:3 The key of a map must be a text.'],
    ['no key', ': 2\n', 'E_YAML 1:1 The key of a map must be a text.'],
    ['two documents', 'a: 1\n---\nb: 2\n', 'E_YAML 2:1 There are several documents in this file.'],
    ['a tab', 'a:\n\tb: 1\n', 'E_YAML 2:1 Tabs are not allowed as indentation.'],
    ['an alias of nothing', 'a: *x\n', 'E_YAML_ALIAS 1:4 The alias *x stands for nothing.'],
    ['an alias of itself', 'a: &x [*x]\n', 'E_YAML_ALIAS 1:8 The alias *x contains itself.'],
    ['an open quote', 'a: "x\n', 'E_YAML 2:1 Missing closing "quote.'],
  ])('refuses %s', (_what, text, problem) => {
    expect(read(text).problems[0]).toBe(problem)
  })

  it('reports every problem, not the first', () => {
    expect(read('a: 1.5\nb: 007\na: 2\n').problems).toHaveLength(3)
  })

  it.each<[string, string]>([
    ['brackets', '['.repeat(20_000)],
    ['closed brackets', `${'['.repeat(20_000)}${']'.repeat(20_000)}`],
    ['braces', '{a: '.repeat(20_000)],
    ['dashes on one line', `${'- '.repeat(20_000)}x`],
    ['question marks', `${'? '.repeat(20_000)}x`],
    ['indentation', Array.from({ length: 3_000 }, (_, i) => `${' '.repeat(i)}a:`).join('\n')],
    [
      'lists below keys',
      Array.from({ length: 3_000 }, (_, i) => `${' '.repeat(i)}${i % 2 === 0 ? 'a:' : '- b:'}`).join('\n'),
    ],
  ])('refuses 20,000 levels of %s without overflowing', (_what, text) => {
    expect(read(text).problems[0]).toMatch(/^E_YAML_DEPTH /)
  })

  it('takes brackets in texts for what they are', () => {
    const text = `a: |\n${'  [[[[{{{{ ((((\n'.repeat(50)}b: "${'['.repeat(200)}"\nc: ${'x ['.repeat(100)}\n`
    expect(read(text).problems).toEqual([])
  })

  it('counts levels right up to the limit', () => {
    const nested = (levels: number): string => `${'['.repeat(levels)}${']'.repeat(levels)}`
    expect(read(nested(64)).problems).toEqual([])
    expect(read(nested(65)).problems[0]).toMatch(/^E_YAML_DEPTH /)
  })

  it('refuses an alias bomb', () => {
    const lines = ['a0: &a0 [x,x,x,x,x,x,x,x,x,x]']
    for (let i = 1; i < 12; i++)
      lines.push(`a${i}: &a${i} [${Array.from({ length: 10 }, () => `*a${i - 1}`).join(',')}]`)
    expect(read(lines.join('\n')).problems[0]).toMatch(/^E_YAML_ALIAS /)
  })

  it('refuses aliases that nest deeper than what is written', () => {
    const lines = Array.from({ length: 5_000 }, (_, i) => `a${i}: &a${i} [${i === 0 ? 'x' : `*a${i - 1}`}]`)
    expect(read(lines.join('\n')).problems[0]).toMatch(/^E_YAML_DEPTH /)
  })

  it('reads back what was written, whatever it is', () => {
    const leaf = fc.oneof(fc.constant(null), fc.boolean(), fc.maxSafeInteger(), fc.string({ unit: 'grapheme' }))
    const key = fc.string({ unit: 'grapheme', minLength: 1 }).filter((name) => name !== '__proto__' && name !== '<<')
    const { value } = fc.letrec<{ value: unknown }>((tie) => ({
      value: fc.oneof(
        { maxDepth: 4 },
        leaf,
        fc.array(tie('value'), { maxLength: 4 }),
        fc.dictionary(key, tie('value'), { maxKeys: 4, noNullPrototype: true }),
      ),
    }))
    fc.assert(
      fc.property(value, (written) => {
        const { value: back, problems } = read(stringify(written))
        expect(problems).toEqual([])
        expect(back ?? null).toEqual(JSON.parse(JSON.stringify(written)))
      }),
    )
  })

  it('never throws, whatever the text', () => {
    const tokens = [
      'a',
      ':',
      ' ',
      '\n',
      '- ',
      '  ',
      '[',
      ']',
      '{',
      '}',
      ',',
      '"',
      "'",
      '&x',
      '*x',
      '!t ',
      '|',
      '>',
      '#',
      '%',
      '?',
      '---',
      '\t',
      '1.5',
      '<<',
    ]
    const soup = fc.array(fc.constantFrom(...tokens), { maxLength: 40 }).map((parts) => parts.join(''))
    fc.assert(
      fc.property(soup, (text) => {
        expect(() => read(text)).not.toThrow()
      }),
      { numRuns: 2000 },
    )
  })
})
