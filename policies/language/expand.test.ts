import { describe, expect, it } from 'vitest'
import { LIMITS } from '../limits.ts'
import type { CompiledPolicy, NodeContext } from '../model.ts'
import { node, rightPolicy } from '../testing/policies.ts'
import { TEST_TYPES } from '../testing/types.ts'
import { expandCombinations, type Expansion } from './expand.ts'

const POLICY = `policy: a/b
select: labels.role == 'web'
vars: { port: TBD, cert: x }
data: ["env/\${labels.env}.yaml"]
secrets: { key: { file: /etc/key } }
resources:
  file/a: { path: /a, content: "p\${vars.port}" }
  file/b: { path: /b, source: "certs/\${labels.env}", when: labels.tls == 'on' }
  file/c: { path: /c, content: "\${secrets.key}" }
`
const policy = rightPolicy({
  'policy.yaml': POLICY,
  'env/prod.yaml': 'port: 1\n',
  'env/dev.yaml': 'port: 2\n',
  'certs/prod': '',
})
const web = (name: string, labels: Record<string, string>): NodeContext => node({ role: 'web', ...labels }, {}, name)
const expand = (nodes: readonly NodeContext[], of: CompiledPolicy = policy): Expansion =>
  expandCombinations(of, nodes, new Set(['certs/prod']), TEST_TYPES)

describe('the combinations of known labels', () => {
  it('are resolved once each, and say for which nodes the policy cannot be resolved', () => {
    const { selected, combinations, skipped } = expand([
      web('w3', { env: 'dev', rack: '1' }),
      web('w1', { env: 'prod', tls: 'on', rack: '1' }),
      web('w2', { env: 'dev', rack: '2' }),
      web('w4', { env: 'dev', tls: 'on' }),
      web('w5', {}),
      node({ role: 'db' }, {}, 'd1'),
    ])
    expect([selected, skipped]).toEqual([5, 0])
    expect(
      combinations.map(({ labels, nodes, resources, errors, waiting }) => [
        labels,
        nodes.join(),
        resources,
        waiting.join(),
        errors.map(({ code, message }) => `${code} ${message}`).join(),
      ]),
    ).toEqual([
      [{ env: 'dev', tls: 'on' }, 'w4', 2, 'file/c', "E_NO_FILE file/b: the bundle has no file 'certs/dev'"],
      [{}, 'w5', 0, '', 'E_TBD port is TBD on w5: none of vars says what'],
      [{ env: 'prod', tls: 'on' }, 'w1', 3, 'file/c', ''],
      [{ env: 'dev' }, 'w2,w3', 2, 'file/c', ''],
    ])
  })

  it('differ by facts and names if the policy looks at them', () => {
    const of = rightPolicy({
      'policy.yaml': 'policy: a/b\nselect: "true"\nresources: {file/a: {path: "/${facts.os}", template: t.liquid}}\n',
      't.liquid': '{{ node.name }}',
    })
    const nodes = [node({}, { os: 'a', cpu: 1 }, 'n1'), node({}, { os: 'a', cpu: 2 }, 'n2')]
    expect(expand(nodes, of).combinations.map((one) => one.nodes)).toEqual([['n1'], ['n2']])
    const blind = rightPolicy({
      'policy.yaml': 'policy: a/b\nselect: "true"\nresources: {file/a: {path: "/${facts.os}"}}\n',
    })
    expect(expand(nodes, blind).combinations.map((one) => one.nodes)).toEqual([['n1', 'n2']])
  })

  it('leave out nodes for which select fails, and say so', () => {
    const of = rightPolicy({ 'policy.yaml': 'policy: a/b\nselect: labels.n > 1\nresources: {}\n' })
    const { selected, unclear } = expand([node({ n: 'x' }, {}, 'n1')], of)
    expect(selected).toBe(0)
    expect(unclear.map((one) => [one.node, one.error.message])).toEqual([['n1', 'a text > a number has no meaning']])
  })

  it('are bounded', () => {
    const nodes = Array.from({ length: LIMITS.combinations + 7 }, (_, i) => web(`n${i}`, { env: `e${i}` }))
    const { combinations, skipped, selected } = expand(nodes)
    expect([combinations.length, skipped, selected]).toEqual([LIMITS.combinations, 7, nodes.length])
  })
})
