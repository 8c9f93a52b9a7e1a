import { describe, expect, it } from 'vitest'
import { node, problems, resolveFor, rightPolicy } from '../testing/policies.ts'
import { appliedLayers, variablesFor } from './layers.ts'

const head = (lines: string): string => `policy: a/b\nselect: "true"\n${lines}resources: {}\n`

const layered = {
  'policy.yaml': head(
    'vars: {port: 80, domain: TBD, users: {}}\ndata: [data/common.yaml, "data/env/${labels.env}.yaml", "data/node/${node.name}.yaml"]\n',
  ),
  'data/common.yaml': 'domain: x.org\nusers: {alice: {groups: [a]}, bob: {groups: [b]}}\n',
  'data/env/prod.yaml': 'port: 443\nusers: {alice: {groups: [c]}}\n',
  'data/env/dev.yaml': 'port: 8080\n',
  'data/node/web-1.yaml': 'users: {bob: null}\n',
}

describe('data layers', () => {
  it('are laid on the defaults in order, by labels and name', () => {
    const policy = rightPolicy(layered)
    expect(variablesFor(policy, node({ env: 'prod' }))).toEqual({
      port: 443,
      domain: 'x.org',
      users: { alice: { groups: ['c'] } },
    })
    expect(variablesFor(policy, node({ env: 'dev' }, {}, 'n2'))).toEqual({
      port: 8080,
      domain: 'x.org',
      users: { alice: { groups: ['a'] }, bob: { groups: ['b'] } },
    })
    expect(appliedLayers(policy, node({ env: 'prod' })).map((layer) => layer.name)).toEqual([
      'vars',
      'data/common.yaml',
      'data/env/prod.yaml',
      'data/node/web-1.yaml',
    ])
  })

  it('do not apply where the label or the file is absent', () => {
    const policy = rightPolicy(layered)
    expect(variablesFor(policy, node({}, {}, 'n2'))['port']).toBe(80)
    expect(variablesFor(policy, node({ env: 'stage' }, {}, 'n2'))['port']).toBe(80)
    expect(variablesFor(policy, node({ env: '../env/prod' }, {}, 'n2'))['port']).toBe(80)
  })

  it('may use labels and node in their values, and nothing else', () => {
    const policy = rightPolicy({
      'policy.yaml': head('vars: {root: "/srv/${labels.env}", who: "${node.name}", lit: "$${HOME}"}\n'),
    })
    expect(variablesFor(policy, node({ env: 'prod' }))).toEqual({ root: '/srv/prod', who: 'web-1', lit: '${HOME}' })
    expect(problems(head('vars: {a: "${facts.x}"}\n'))).toEqual([
      "E_EXPR 3:14 'facts' is not known here, only labels, node.",
    ])
    expect(problems(head('data: ["d/${vars.x}.yaml"]\n'))).toEqual([
      "E_EXPR 3:13 'vars' is not known here, only labels, node.",
    ])
  })

  it.each<[string, Record<string, string>, string]>([
    [
      'is not there',
      { 'policy.yaml': head('data: [data/x.yaml]\n') },
      "E_NO_FILE 3:8 The folder has no 'data/x.yaml'.",
    ],
    [
      'is no map',
      { 'policy.yaml': head('data: d.yaml\n'), 'd.yaml': '[a]\n' },
      'E_VALUE d.yaml:1:1 A data layer must be a map of variables, not a list.',
    ],
    [
      'is wrong YAML',
      { 'policy.yaml': head('data: d.yaml\n'), 'd.yaml': 'a: 1\na: 2\n' },
      "E_DUPLICATE_KEY d.yaml:2:1 The key 'a' is there twice.",
    ],
    [
      'misspells a variable',
      { 'policy.yaml': head('vars: {port: 1}\ndata: d.yaml\n'), 'd.yaml': 'x: 1\nprot: 2\n' },
      "E_UNKNOWN_VAR d.yaml:2:1 vars does not declare 'prot'. Did you mean 'port'?",
    ],
  ])('are refused where one %s', (_what, files, problem) => {
    expect(problems(files)).toEqual([problem])
  })
})

describe('TBD', () => {
  it('must be filled by a data layer or --set', () => {
    const files = { 'policy.yaml': head('vars: {a: TBD, b: {c: TBD}}\n') }
    expect(problems(files)).toEqual([
      'E_TBD 3:8 The variable a is TBD and no data layer fills it.',
      'E_TBD 3:16 The variable b.c is TBD and no data layer fills it.',
    ])
    expect(variablesFor(rightPolicy(files, { a: '1', 'b.c': 'x' }), node())).toEqual({ a: 1, b: { c: 'x' } })
  })

  it('is an error on a node for which no layer fills it, and nothing of the policy is resolved', () => {
    const policy = rightPolicy({
      'policy.yaml':
        'policy: a/b\nselect: "true"\nvars: {a: TBD}\ndata: ["d/${labels.env}.yaml"]\nresources:\n  package/x:\n',
      'd/prod.yaml': 'a: 1',
    })
    expect(resolveFor(policy, node({ env: 'prod' })).resources).toHaveLength(1)
    const { resources, errors } = resolveFor(policy, node({ env: 'dev' }))
    expect(resources).toEqual([])
    expect(errors.map((error) => `${error.code} ${error.message}`)).toEqual([
      'E_TBD a is TBD on web-1: none of vars says what',
    ])
  })
})

describe('--set', () => {
  it('wins over every layer, and is read as YAML', () => {
    const policy = rightPolicy(layered, { port: '9', 'vars.users': '{eve: {groups: [z]}}', domain: '"1.10"' })
    expect(variablesFor(policy, node({ env: 'prod' }))).toMatchObject({
      port: 9,
      domain: '1.10',
      users: { eve: { groups: ['z'] } },
    })
  })

  it('is refused for what vars does not declare, and for wrong YAML', () => {
    expect(problems(layered, { prot: '1' })).toEqual([
      "E_UNKNOWN_VAR --set prot:1:1 vars does not declare 'prot'. Did you mean 'port'?",
    ])
    expect(problems(layered, { port: '1.5' })).toEqual([
      'E_VALUE --set port:1:1 1.5 would not keep its form as a number.',
    ])
    expect(problems(layered, { 'port.__proto__': '1' })).toEqual([
      "E_VALUE --set port.__proto__:1:1 'port.__proto__' is not the name of a variable.",
    ])
  })
})

it('refuses a variable that an expression could not name', () => {
  expect(problems(head('vars: {my-port: 1}\n'))).toEqual(["E_VALUE 3:8 'my-port' cannot be the name of a variable."])
})
