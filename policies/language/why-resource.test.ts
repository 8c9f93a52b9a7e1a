import { describe, expect, it } from 'vitest'
import { node, rightPolicy } from '../testing/policies.ts'
import { locateValue } from './locate.ts'
import { whyResource, type ResourceWhy } from './why-resource.ts'

const POLICY = `policy: web/site
select: "true"
vars: { port: 80, hosts: { a: { root: /a } } }
data: ["data/\${labels.env}.yaml"]
secrets: { key: { age: "s/\${labels.env}.age" }, own: { exec: [pass, show] } }
components: { blog: { use: ../blog, with: { title: "on \${vars.port}", password: "\${secrets.own}" } } }
resources:
  file/conf: { path: /etc/c, content: "port \${vars.port} \${labels.env} \${secrets.key}", when: "vars.port == 443 && labels.env == 'dev'" }
  file/v-\${each.key}: { each: "\${vars.hosts}", path: "/v/\${each.key}", template: v.liquid }
`
const policy = rightPolicy({
  'policy.yaml': POLICY,
  'data/prod.yaml': '# the real one\nport: 443\nhosts:\n  b: { root: /b }\n',
  's/prod.age': `chorus-secret/1 {"mesh":"m","policy":"web/site","name":"key","version":1}\nage-encryption.org/v1\n`,
  'v.liquid': 'root {{ each.value.root }} port {{ vars.port }}\n',
  '../blog/policy.yaml':
    'parameters: { title: text, password: text }\nresources:\n  file/t: { path: /t, content: "${vars.title}${vars.password}" }\n',
})
const why = (key: string): readonly ResourceWhy[] => whyResource(policy, node({ env: 'prod' }), key)
const origins = (key: string, attr: string): unknown =>
  why(key)[0]
    ?.attributes.find((one) => one.attr === attr)
    ?.origins.map(({ name, value, from }) => [name, value, from])

describe('why a resource is as it is', () => {
  it('says of each value where it comes from; of a secret only its source', () => {
    expect(origins('file/conf', 'content')).toEqual([
      ['vars.port', 443, 'data/prod.yaml'],
      ['labels.env', 'prod', undefined],
      ['secrets.key', undefined, 's/${labels.env}.age'],
    ])
    expect(origins('file/conf', 'path')).toEqual([])
  })

  it('takes its condition apart, with the variables in it', () => {
    expect(why('file/conf')[0]?.when).toMatchObject({
      holds: false,
      joins: 'all',
      terms: [
        { text: 'vars.port == 443', holds: true, values: [{ name: 'vars.port', value: 443 }] },
        { text: "labels.env == 'dev'", holds: false, values: [{ name: 'labels.env', value: 'prod' }] },
      ],
    })
  })

  it('finds those that `each` makes, and what their templates use', () => {
    expect(why('file/v-b')[0]?.written).toBe('file/v-${each.key}')
    expect(origins('file/v-b', 'each')).toEqual([
      ['vars.hosts', { a: { root: '/a' }, b: { root: '/b' } }, 'data/prod.yaml'],
    ])
    expect(origins('file/v-b', 'template')).toEqual([
      ['each.value', { root: '/b' }, undefined],
      ['vars.port', 443, 'data/prod.yaml'],
    ])
    expect(why('file/v-c')).toEqual([])
  })

  it('follows parameters of components to what they are given from', () => {
    expect(origins('file/blog-t', 'content')).toEqual([
      ['vars.title', 'on 443', 'component blog'],
      ['vars.port', 443, 'data/prod.yaml'],
      ['vars.password', undefined, 'component blog'],
      ['secrets.own', undefined, 'what pass prints on the node'],
    ])
  })
})

describe('the place of a value', () => {
  it('is the line of its key', () => {
    const text = '# users\nusers:\n  alice: { uid: 1 }\n  bob:\n    uid: 2\n'
    expect(locateValue('d.yaml', text, ['users', 'bob', 'uid'])).toEqual({ file: 'd.yaml', line: 5, column: 5 })
    expect(locateValue('d.yaml', text, ['users', 'alice', 'uid'])).toEqual({ file: 'd.yaml', line: 3, column: 12 })
    expect(locateValue('d.yaml', text, ['users', 'carol'])).toBeUndefined()
    expect(locateValue('d.yaml', 'a: [', ['a'])).toBeUndefined()
  })
})
