import { describe, expect, it } from 'vitest'
import { node } from '../testing/policies.ts'
import { whyNot, type Term } from './why-not.ts'

const shown = ({ text, holds, joins, terms, values, error }: Term): unknown => [
  `${holds ? 'yes' : 'no'} ${joins ?? ''} ${text}`,
  ...values.map(({ name, value }) => `${name} = ${JSON.stringify(value)}`),
  ...(error === undefined ? [] : [error.message]),
  ...terms.map(shown),
]

describe('why a policy is not for a node', () => {
  it('is told term by term, with the values of its names', () => {
    const select =
      "labels.role == 'web' && (labels.env == 'prod' || facts.os.id == 'debian') && !(labels.canary == 'true')"
    expect(shown(whyNot(select, node({ role: 'db', canary: 'true' }, { os: { id: 'debian' } })))).toEqual([
      `no all ${select}`,
      ["no  labels.role == 'web'", 'labels.role = "db"'],
      [
        "yes any labels.env == 'prod' || facts.os.id == 'debian'",
        ["no  labels.env == 'prod'", 'labels.env = undefined'],
        ["yes  facts.os.id == 'debian'", 'facts.os = {"id":"debian"}'],
      ],
      ["no not !(labels.canary == 'true')", ["yes  labels.canary == 'true'", 'labels.canary = "true"']],
    ])
  })

  it('says which term fails', () => {
    expect(shown(whyNot("labels.n > 3 || labels.a == 'b'", node({ n: 'x', a: 'c' })))).toEqual([
      "no any labels.n > 3 || labels.a == 'b'",
      'a text > a number has no meaning',
      ['no  labels.n > 3', 'labels.n = "x"', 'a text > a number has no meaning'],
      ["no  labels.a == 'b'", 'labels.a = "c"'],
    ])
  })

  it('needs no term at all', () => {
    expect(shown(whyNot('true', node()))).toEqual(['yes  true'])
    expect(() => whyNot('labels.', node())).toThrow(expect.objectContaining({ code: 'E_EXPR' }))
  })
})
