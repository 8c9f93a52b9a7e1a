import fc from 'fast-check'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { stringify } from 'yaml'
import { Report } from './diagnostic.ts'
import { parseYaml, type YamlNode } from './yaml.ts'
import { readPlainYaml } from './yaml-plain.ts'

/** What is plain means the same to both, place for place, and the parser finds nothing wrong with it. */
function agree(text: string): YamlNode | undefined {
  const plain = readPlainYaml('f', text)
  if (plain === undefined) return undefined
  const report = new Report()
  report.addText('f', text)
  const parsed = parseYaml('f', text, report)
  expect({ text, node: plain, problems: report.list() }).toEqual({ text, node: parsed, problems: [] })
  return plain
}

describe('YAML that is plain', () => {
  it.each<[string, string]>([
    ['a map', 'a: 1\nb: text with spaces\nc:   true\n'],
    ['maps in maps', 'a:\n  b:\n      c: null\n  d: ~\n# why\ne: x\n'],
    ['lists', 'a:\n  - x\n  - "y: z"\nb:\n- 1\n- c: 2\n  d:\n    - 3\n'],
    ['brackets', "a: { path: /etc/motd, mode: '0644', list: [a, -b, [c]], empty: {}, none: [] }\n"],
    ['quotes', `a: "\\u00e4 \\"x\\" \\/ #"\nb: 'it''s # so'\n`],
    ['no end of line', 'a: b'],
    ['expressions', 'when: vars.prod && !x\nb: ${each.name}\nc: a:b#c\n'],
    ['numbers and what looks like them', 'a: 80\nb: 10.0.0.1\nc: 1-2\nd: 10.0.0.0/8\n'],
  ])('takes %s', (_what, text) => {
    expect(agree(text)).toBeDefined()
  })

  it.each<[string, string]>([
    ['anchors', 'a: &x b\n'],
    ['tags', 'a: !x b\n'],
    ['block texts', 'a: |\n  b\n'],
    ['texts over several lines', 'a: b\n  c\n'],
    ['brackets over several lines', 'a: [b,\n  c]\n'],
    ['a comment behind a value', 'a: b # c\n'],
    ['duplicate keys', 'a: 1\na: 2\n'],
    ['a second colon', 'a: b: c\n'],
    ['numbers that would lose their form', 'mode: 0644\n'],
    ['points', 'a: 1.10\n'],
    ['tabs', 'a:\tb\n'],
    ['documents', 'a: b\n---\nc: d\n'],
    ['uneven columns', 'a:\n  b: 1\n c: 2\n'],
    ['a map that goes on deeper', 'a: 1\n  b: 2\n'],
    ['nothing behind a key', 'a:\nb: 1\n'],
    ['an open quote', 'a: "x\n'],
    ['what stands behind a bracket', 'a: [b] c\n'],
    ['half a character', `a: "\\ud800"\n`],
    ['prototypes', '__proto__: 1\n'],
    ['65 levels', `a: ${'['.repeat(65)}${']'.repeat(65)}\n`],
    ['nothing', ''],
  ])('leaves %s to the parser', (_what, text) => {
    expect(readPlainYaml('f', text)).toBeUndefined()
  })

  it('is what the examples and the library are read as', () => {
    const folder = join(import.meta.dirname, '..')
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.yaml'))
    const plain = files.filter((name) => agree(readFileSync(join(folder, name), 'utf8')) !== undefined)
    expect(plain.length).toBeGreaterThan(3)
  })

  it('agrees with the parser about whatever is written by a program', () => {
    const text = fc.string({ unit: fc.constantFrom(...Array.from('ab1.-_:#\'"{}[]!&*|>%@, \\$/é')), maxLength: 8 })
    const key = fc.constantFrom('a', 'b', 'file/x', 'when', 'n')
    const { value } = fc.letrec((tie) => ({
      value: fc.oneof(
        { depthSize: 'small' },
        text,
        fc.integer(),
        fc.boolean(),
        fc.constant(null),
        fc.array(tie('value'), { maxLength: 3 }),
        fc.dictionary(key, tie('value'), { maxKeys: 3 }),
      ),
    }))
    fc.assert(
      fc.property(fc.dictionary(key, value, { minKeys: 1 }), fc.boolean(), (data, flow) => {
        agree(stringify(data, flow ? { collectionStyle: 'flow', lineWidth: 0 } : { lineWidth: 0 }))
      }),
      { numRuns: 2_000 },
    )
  })

  it('agrees with the parser about whatever people mistype', () => {
    const signs = [
      'a',
      'b',
      'c:',
      ': ',
      ':',
      ' ',
      '  ',
      '\n',
      '\n  ',
      '\n- ',
      '- ',
      '-',
      '#',
      ' #',
      '"',
      "'",
      "''",
      '\\n',
    ]
    const brackets = [
      '{',
      '}',
      '[',
      ']',
      ',',
      ', ',
      '1',
      '0',
      '.',
      'true',
      'null',
      '~',
      '$',
      '{ a: b }',
      'é',
      '?',
      '&',
      '*',
    ]
    const keys = ['a: ', '\na: ', '\nb: ', '\n  c: ', '\n  - d: ', '\n    e: ', '/', '+', '=', '(', '^', '|']
    const piece = fc.constantFrom(...signs, ...brackets, ...keys)
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 14 }), (pieces) => {
        agree(`a: ${pieces.join('')}`)
      }),
      { numRuns: 20_000 },
    )
  })
})
