import { describe, expect, it } from 'vitest'
import { node, rightPolicy } from '../testing/policies.ts'
import { explain } from './explain.ts'

const policy = rightPolicy(
  {
    'policy.yaml':
      'policy: a/b\nselect: "true"\nvars: {port: 80, users: {alice: {uid: 1}, bob: {uid: 2}}, x: TBD, "y": 1}\ndata: [common.yaml, "env/${labels.env}.yaml", "node/${node.name}.yaml"]\nresources: {}\n',
    'common.yaml': 'port: 81\nx: 1\nusers: {alice: {shell: /bin/sh}}\n',
    'env/prod.yaml': 'users: {alice: null}\n"y": null\n',
    'env/dev.yaml': 'users: {bob: none}\n',
    'node/web-1.yaml': 'users: {alice: {uid: 9}}\nextra: 3\n',
  },
  { port: '8080' },
)
const told = (path: string, labels: Record<string, string> = { env: 'prod' }, name = 'web-1'): unknown[] => {
  const { layers, value, winner, from } = explain(policy, node(labels, {}, name), path)
  return [value, winner, from, layers.map((layer) => `${layer.file}: ${layer.says} ${JSON.stringify(layer.value)}`)]
}

describe('the source of a value', () => {
  it('is told layer by layer, with the winner', () => {
    expect(told('vars.port')).toEqual([
      8080,
      '--set',
      ['--set'],
      [
        'vars: gives 80',
        'common.yaml: gives 81',
        'env/prod.yaml: silent undefined',
        'node/web-1.yaml: silent undefined',
        '--set: gives 8080',
      ],
    ])
  })

  it('says which layers do not apply to the node, and why', () => {
    const { layers } = explain(policy, node({}, {}, 'web-2'), 'x')
    expect(layers.map(({ pattern, file, says }) => [pattern, file, says])).toEqual([
      ['vars', 'vars', 'gives'],
      ['common.yaml', 'common.yaml', 'gives'],
      ['env/${labels.env}.yaml', undefined, 'no label'],
      ['node/${node.name}.yaml', 'node/web-2.yaml', 'no file'],
      ['--set', '--set', 'silent'],
    ])
  })

  it('names the files that a map is merged from, and none from before it was deleted', () => {
    expect(told('users.alice').slice(0, 3)).toEqual([{ uid: 9 }, 'node/web-1.yaml', ['node/web-1.yaml']])
    expect(told('users.alice', {}, 'web-2').slice(0, 3)).toEqual([
      { shell: '/bin/sh', uid: 1 },
      'common.yaml',
      ['vars', 'common.yaml'],
    ])
    expect(told('users.alice.uid', { env: 'prod' }, 'web-2').slice(0, 3)).toEqual([undefined, 'env/prod.yaml', []])
  })

  it('names what deleted it', () => {
    expect(told('y').slice(0, 3)).toEqual([undefined, 'env/prod.yaml', []])
  })

  it('knows what only a layer has, and nothing else', () => {
    expect(told('extra').slice(0, 2)).toEqual([3, 'node/web-1.yaml'])
    expect(told('users.carol').slice(0, 2)).toEqual([undefined, undefined])
    expect(() => told('prot')).toThrow("a/b has no variable 'prot'. Did you mean 'port'?")
    expect(() => told('constructor')).toThrow(expect.objectContaining({ code: 'E_UNKNOWN_VAR' }))
  })
})
