import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Report } from './diagnostic.ts'
import { formatPolicy } from './format.ts'
import { readYaml, valueOf } from './yaml.ts'

const format = (text: string): string => {
  const formatted = formatPolicy('policy.yaml', text)
  if ('diagnostics' in formatted) throw new Error(formatted.diagnostics.map((item) => item.message).join())
  return formatted.text
}
const valueIn = (text: string): unknown => {
  const node = readYaml('policy.yaml', text, new Report())
  return node === undefined ? undefined : valueOf(node)
}

const MESSY = `# Our web servers.

select:   labels.role=='web'   # all of them
resources:
    file/motd: {path: /etc/motd,   mode: "0644",content: 'a'}  # seen at login

    # the server
    service/nginx:
          state: running
vars: {port: 80}   # http
policy: web/site


`

describe('the one form of a policy', () => {
  it('has its keys in order and two spaces for each level; comments stay where they belong', () => {
    expect(format(MESSY)).toBe(`# Our web servers.

policy: web/site
select: labels.role=='web' # all of them
vars: { port: 80 } # http
resources:
  file/motd: { path: /etc/motd, mode: "0644", content: 'a' } # seen at login

  # the server
  service/nginx:
    state: running
`)
  })

  it('writes line by line what does not fit on one', () => {
    const words = Array.from({ length: 30 }, (_, i) => `word${i}`).join(', ')
    const text = format(`policy: a/b\nselect: "true"\nresources:\n  exec/a: {argv: [${words}], env: {A: b}}\n`)
    expect(text.split('\n').slice(3, 7)).toEqual(['  exec/a:', '    argv:', '      - word0', '      - word1'])
    expect(text).toContain('    env: { A: b }\n')
    expect(format(text)).toBe(text)
  })

  it('leaves long texts and the order of resources and data alone', () => {
    const long = `a: ${'word '.repeat(60)}end\nb: 1\npolicy: x\n`
    expect(format(long)).toBe(long)
    const resources = 'policy: a/b\nselect: "true"\nresources:\n  service/b: {}\n  file/a: { path: /a }\n'
    expect(format(resources)).toBe(resources)
  })

  it('keeps block texts as they are', () => {
    const text =
      'policy: a/b\nselect: "true"\nresources:\n  file/a:\n    path: /a\n    content: |\n      one\n        two\n\n      three\n'
    expect(format(text)).toBe(text)
  })

  it('is not given to what is not strict YAML', () => {
    expect(formatPolicy('policy.yaml', 'a: 1\na: 2\n')).toMatchObject({ diagnostics: [{ code: 'E_DUPLICATE_KEY' }] })
    expect(formatPolicy('policy.yaml', 'a: [')).toMatchObject({ diagnostics: [{ code: 'E_YAML' }] })
  })

  it('means the same as before, and stays as it is', () => {
    const leaf = fc.oneof(fc.integer(), fc.boolean(), fc.constant(null), fc.string({ maxLength: 30 }))
    const key = fc.stringMatching(/^[a-z/-]{1,12}$/)
    const { map } = fc.letrec((tie) => ({
      value: fc.oneof({ maxDepth: 3 }, leaf, fc.array(tie('value'), { maxLength: 4 }), tie('map')),
      map: fc.dictionary(key, tie('value'), { maxKeys: 5, noNullPrototype: true }),
    }))
    fc.assert(
      fc.property(map, (resources) => {
        const text = JSON.stringify({ resources, select: 'true', policy: 'a/b' })
        const once = format(text)
        expect(valueIn(once)).toEqual(valueIn(text))
        expect(format(once)).toBe(once)
      }),
      { numRuns: 300 },
    )
  })
})
