import { describe, expect, it } from 'vitest'
import { readPolicy, encodePolicy } from '../bundle/policy.ts'
import { node, problems, resolveFor, rightPolicy } from '../testing/policies.ts'

const VHOST = {
  '../vhost/policy.yaml':
    'parameters: { title: text, port: { type: number, default: 80 } }\nresources:\n  file/conf: { path: "/etc/${vars.title}.conf", content: "p${vars.port}" }\n  file/dir: { path: "/srv/${vars.title}", content: d, require: [file/conf] }\n',
}
const policy = (components: string, more: Record<string, string> = {}, head = '') =>
  rightPolicy({
    'policy.yaml': `policy: a/b\nselect: "true"\nvars: { sites: { blog: { port: 81 }, shop: {} }, on: true }\n${head}components:\n${components}`,
    ...VHOST,
    ...more,
  })
const resources = (of: ReturnType<typeof policy>, labels: Record<string, string> = {}) => {
  const { resources: found, errors } = resolveFor(of, node(labels))
  return errors.length > 0 ? errors.map(({ message }) => message) : found
}
const keys = (of: ReturnType<typeof policy>, labels: Record<string, string> = {}): unknown =>
  resources(of, labels).map((one) => (typeof one === 'string' ? one : one.key))

describe('a component in use', () => {
  const EACH =
    '  site: { use: ../vhost, each: "${vars.sites}", with: { title: "${each.key}", port: "${has(each.value.port) ? each.value.port : 80}" } }\n'

  it('with each is there for every item, with the key of the item in its keys and references', () => {
    const found = resources(policy(EACH))
    expect(found).toMatchObject([
      { key: 'file/site-blog-conf', name: 'conf', attrs: { path: '/etc/blog.conf', content: 'p81' }, onRemove: 'undo' },
      { key: 'file/site-shop-conf', name: 'conf', attrs: { path: '/etc/shop.conf', content: 'p80' } },
      { key: 'file/site-blog-dir', require: ['file/site-blog-conf'] },
      { key: 'file/site-shop-dir', require: ['file/site-shop-conf'] },
    ])
  })

  it('survives its bundle', () => {
    const made = policy(EACH)
    expect(keys(readPolicy(encodePolicy(made)))).toEqual(keys(made))
  })

  it('with when is left out where it is false, for some items or altogether', () => {
    const when = (text: string): string => EACH.replace('use:', `when: "${text}", use:`)
    expect(keys(policy(when('has(each.value.port)')))).toEqual(['file/site-blog-conf', 'file/site-blog-dir'])
    expect(keys(policy(when("labels.env == 'prod'")))).toEqual([])
    expect(keys(policy(when("labels.env == 'prod'")), { env: 'prod' })).toHaveLength(4)
    const one = '  one: { use: ../vhost, when: vars.on, with: { title: x } }\n'
    expect(keys(policy(one))).toEqual(['file/one-conf', 'file/one-dir'])
    expect(keys(policy(one.replace('vars.on', '"!vars.on"')))).toEqual([])
  })

  it('can be repeated within one that is, and over a list', () => {
    const outer =
      'parameters: { ports: list, name: text }\ncomponents:\n  p: { use: ../vhost, each: "${vars.ports}", with: { title: "${vars.name}${each.value}", port: "${each.value}" } }\nresources: {}\n'
    const made = policy(
      '  out: { use: ../outer, each: { a: [1, 2], b: [3] }, with: { name: "${each.key}", ports: "${each.value}" } }\n',
      { '../outer/policy.yaml': outer },
    )
    expect(keys(made)).toEqual([
      'file/out-a-p-0-conf',
      'file/out-a-p-1-conf',
      'file/out-b-p-0-conf',
      'file/out-a-p-0-dir',
      'file/out-a-p-1-dir',
      'file/out-b-p-0-dir',
    ])
    expect(resources(made).at(1)).toMatchObject({ name: 'conf', attrs: { path: '/etc/a2.conf', content: 'p2' } })
  })

  it('does not show its item to the component, which has parameters for that', () => {
    const made = policy('  x: { use: ../leak, each: [1], with: {} }\n', {
      '../leak/policy.yaml': 'parameters: {}\nresources:\n  file/${each.key}: { each: [7], path: "/${each.value}" }\n',
    })
    expect(resources(made)).toMatchObject([{ key: 'file/x-0-0', attrs: { path: '/7' } }])
    expect(
      problems({
        'policy.yaml': 'policy: a/b\nselect: "true"\ncomponents:\n  x: { use: ../leak, each: [1] }\n',
        '../leak/policy.yaml': 'parameters: {}\nresources:\n  file/a: { path: "/${each.value}" }\n',
      }),
    ).toEqual(["E_EXPR ../leak/policy.yaml:3:23 'each' is not known here, only labels, facts, node, vars."])
  })

  it('can be referred to by the policy, item by item', () => {
    const text = `${EACH}resources:\n  file/x: { path: /x, require: [file/site-blog-conf] }\n`
    expect(resources(policy(text)).at(0)).toMatchObject({ key: 'file/x', require: ['file/site-blog-conf'] })
    const wrong = policy(text.replace('site-blog', 'site-nothing'))
    expect(resources(wrong).at(0)).toMatchObject({ require: [] })
  })

  it.each([
    ['each: 3', 'E_VALUE 5:28 each must be a map, a list or an expression that gives one, not a number.'],
    ['each: "${vars.sties}"', "E_UNKNOWN_VAR 5:37 There is no variable 'sties'. Did you mean 'sites'?"],
    ['when: ""', 'E_SELECT 5:28 when must be a condition, not empty.'],
    ['when: "each.key == 1"', "E_EXPR 5:35 'each' is not known here, only labels, facts, node, vars."],
    ['when: "secrets.k == \'\'"', "E_EXPR 5:35 'secrets' is not known here, only labels, facts, node, vars."],
    ['evry: [1]', "E_UNKNOWN_KEY 5:28 A component in use has no 'evry'."],
  ])('is told what is wrong with %s', (part, problem) => {
    const text = `policy: a/b\nselect: "true"\nvars: { sites: {} }\ncomponents:\n  one: { use: ../vhost,    ${part}, with: { title: x } }\n`
    expect(problems({ 'policy.yaml': text, ...VHOST })).toEqual([problem])
  })

  it('over nothing is nothing, and over a number an error of the policy', () => {
    const number = rightPolicy({
      'policy.yaml': `policy: a/b\nselect: "true"\nvars: { sites: 3 }\ncomponents:\n${EACH}`,
      ...VHOST,
    })
    expect(resources(number)).toEqual(
      expect.arrayContaining([expect.stringContaining('each must give a map or a list')]),
    )
    const empty = rightPolicy({
      'policy.yaml': `policy: a/b\nselect: "true"\nvars: { sites: {} }\ncomponents:\n${EACH}`,
      ...VHOST,
    })
    expect(keys(empty)).toEqual([])
  })
})
