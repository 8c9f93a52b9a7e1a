import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { PolicyError } from '../errors.ts'
import { liquidTemplate } from './liquid.ts'

const scope = {
  vars: { port: 80, hosts: ['a', 'b'], map: { b: 1, a: 2 } },
  labels: { role: 'web' },
  node: { name: 'web-1', id: 'id' },
}

const render = (source: string): string => liquidTemplate('t.liquid', source).render(scope)

function failure(source: string): PolicyError {
  try {
    render(source)
  } catch (error) {
    if (error instanceof PolicyError) return error
    throw error
  }
  throw new Error(`${source} did not fail`)
}

describe('a template', () => {
  it('renders what it is given', () => {
    expect(render('{{ node.name }}:{{ vars.port | plus: 1 }}\n')).toBe('web-1:81\n')
    expect(render('{% for h in vars.hosts %}{{ h }}{% unless forloop.last %}, {% endunless %}{% endfor %}')).toBe(
      'a, b',
    )
    expect(render("{% if labels.role == 'web' %}w{% endif %}{{ labels.rack | default: 'none' }}")).toBe('wnone')
    expect(render('{% if labels.rack %}rack{% else %}no rack{% endif %}')).toBe('no rack')
    expect(render('{{ vars.map | json }}')).toBe('{"b":1,"a":2}')
  })

  it('names what it takes from outside, with places', () => {
    const { references } = liquidTemplate('t', '{% assign x = vars.port %}{{ x }}\n{{ labels.role }}')
    expect(references).toEqual([
      { root: 'vars', field: 'port', line: 1, column: 15 },
      { root: 'labels', field: 'role', line: 2, column: 4 },
    ])
  })

  it.each<[string, string]>([
    ['{{ labels.rack }}', 't.liquid:1:4: undefined variable: labels.rack'],
    ['\n\n{{ nothing }}', 't.liquid:3:4: undefined variable: nothing'],
    ['{{ vars.port | frob }}', 'undefined filter: frob'],
    ['{% if %}', 't.liquid:1:'],
    ['{% for x in vars.hosts %}', 'not closed'],
    ['{{ vars.map }}', 'a map has no form inside text'],
    ['{{ vars.hosts }}', 'a list has no form inside text'],
    ["{% include 'x' %}", 'tag "include" not found'],
    ["{% render 'x' %}", 'tag "render" not found'],
    ["{% layout 'x' %}", 'tag "layout" not found'],
    ["{{ 'now' | date: '%Y' }}", 'undefined filter: date'],
    ['{{ vars.hosts | sample }}', 'undefined filter: sample'],
  ])('fails: %s', (source, message) => {
    const error = failure(source)
    expect(error.message).toContain(message)
    expect(error.code).toBe('E_TEMPLATE')
  })

  it.each(['constructor', '__proto__', 'toString', 'hasOwnProperty'])('reaches no prototype by %s', (name) => {
    expect(failure(`{{ vars.${name} }}`).code).toBe('E_TEMPLATE')
    expect(failure(`{{ ${name} }}`).code).toBe('E_TEMPLATE')
    expect(failure(`{{ vars['${name}'] }}`).code).toBe('E_TEMPLATE')
  })

  it.each<[string, string]>([
    ['a range without end', '{% for i in (1..100000000000) %}{% endfor %}'],
    ['loops in loops', `${'{% for i in (1..1000) %}'.repeat(4)}${'{% endfor %}'.repeat(4)}`],
    [
      'a text that doubles',
      "{% assign a = 'xxxxxxxxxx' %}{% for i in (1..60) %}{% assign a = a | append: a %}{% endfor %}{{ a }}",
    ],
    [
      'a capture that doubles',
      "{% assign a = 'xxxxxxxxxx' %}{% for i in (1..60) %}{% capture a %}{{ a }}{{ a }}{% endcapture %}{% endfor %}{{ a }}",
    ],
    ['an output that grows', `{% assign a = '${'x'.repeat(100_000)}' %}{% for i in (1..1000) %}{{ a }}{% endfor %}`],
    ['20,000 levels', '{% if true %}'.repeat(20_000)],
    ['65 levels', `${'{% if true %}'.repeat(65)}${'{% endif %}'.repeat(65)}`],
    ['2 MiB of source', 'x'.repeat(2 ** 21)],
  ])('stops: %s', (_what, source) => {
    const start = process.cpuUsage().user
    expect(failure(source).code).toBe('E_TEMPLATE_LIMIT')
    expect((process.cpuUsage().user - start) / 1000).toBeLessThan(2000)
  })

  it('either renders or throws a PolicyError, whatever its source', () => {
    const tokens = [
      '{{',
      '}}',
      '{%',
      '%}',
      '-',
      ' if ',
      ' endif ',
      ' for x in ',
      ' endfor ',
      'vars',
      '.',
      'port',
      'hosts',
      '|',
      ' append: ',
      "'a'",
      '1',
      '(1..9)',
      ' assign x = ',
      '[',
      ']',
      '"',
      ' capture y ',
      ' endcapture ',
      ' raw ',
      '\n',
    ]
    const soup = fc.array(fc.constantFrom(...tokens), { maxLength: 25 }).map((parts) => parts.join(''))
    fc.assert(
      fc.property(soup, (source) => {
        try {
          render(source)
        } catch (error) {
          expect(error).toBeInstanceOf(PolicyError)
        }
      }),
      { numRuns: 2000 },
    )
  })
})
