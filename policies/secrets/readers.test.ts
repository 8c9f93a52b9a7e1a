import { describe, expect, it } from 'vitest'
import { node } from '../testing/policies.ts'
import { mayBeSelected, secretReaders } from './readers.ts'

const nodes = [
  node({ role: 'web', env: 'prod' }, { os: 'debian' }, 'web-1'),
  node({ role: 'web', env: 'dev' }, {}, 'web-2'),
  node({ role: 'web' }, {}, 'web-3'),
  node({ role: 'db', env: 'prod' }, { role: 'web' }, 'db-1'),
]
const selected = (select: string): string[] =>
  nodes.filter((one) => mayBeSelected(select, one)).map((one) => one.node.name)

describe('who is to read a secret', () => {
  it('are the nodes of the policy, each by the file that its labels name', () => {
    const declared = {
      select: "labels.role == 'web'",
      secrets: {
        key: { age: 'secrets/${labels.env}.age' },
        own: { age: 'secrets/${node.name}.age' },
        f: { file: '/x' },
      },
    }
    expect(
      secretReaders(declared, nodes).map(({ name, files, unnamed }) => [
        name,
        files.map(({ file, readers }) => [file, readers.map((one) => one.node.name)]),
        unnamed.map((one) => one.node.name),
      ]),
    ).toEqual([
      [
        'key',
        [
          ['secrets/dev.age', ['web-2']],
          ['secrets/prod.age', ['web-1']],
        ],
        ['web-3'],
      ],
      [
        'own',
        [
          ['secrets/web-1.age', ['web-1']],
          ['secrets/web-2.age', ['web-2']],
          ['secrets/web-3.age', ['web-3']],
        ],
        [],
      ],
    ])
  })

  it('are never decided by a fact, which a node could make up: labels alone keep a node out', () => {
    expect(selected("facts.os == 'debian'")).toHaveLength(4)
    expect(selected("facts.os == 'debian' && labels.role == 'web'")).toEqual(['web-1', 'web-2', 'web-3'])
    expect(selected("!(facts.os == 'debian' || labels.role == 'web')")).toEqual(['db-1'])
    expect(selected("facts.role == 'web' || labels.env == 'dev'")).toHaveLength(4)
    expect(selected("!(labels.role == 'web')")).toEqual(['db-1'])
    expect(selected("!(labels.role == 'web' && facts.os == 'x')")).toHaveLength(4)
    expect(selected("node.name == 'db-1'")).toEqual(['db-1'])
  })
})
