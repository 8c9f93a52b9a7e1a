import { describe, expect, it } from 'vitest'
import type { Value } from '../model.ts'
import { compileFiles, node, problems, resolveFor, rightPolicy } from '../testing/policies.ts'

const VHOST = `parameters:
  domain: text
  port: { type: number, default: 443 }
  mode: { type: text, default: plain, oneOf: [plain, tls], describe: how it is served }
resources:
  package/nginx: {}
  file/conf: { path: "/etc/nginx/\${vars.domain}.conf", template: vhost.liquid, require: [package/nginx], notify: [service/nginx] }
  file/root: { path: "/srv/\${vars.domain}", source: "root/\${labels.env}" }
`
const use = (components: string, head = ''): Record<string, string> => ({
  'policy.yaml': `policy: web/site\nselect: "true"\n${head}components:\n${components}resources:\n  service/nginx: {}\n`,
  '../lib/vhost/policy.yaml': VHOST,
  '../lib/vhost/vhost.liquid': 'listen {{ vars.port }} {{ vars.mode }};\n',
  '../lib/vhost/root/prod/index': 'hi',
})
const text = (value: Value | Uint8Array | undefined): string =>
  value instanceof Uint8Array ? new TextDecoder().decode(value) : JSON.stringify(value)

describe('a component', () => {
  it('adds its resources under the name of the instance, with its own names and files', () => {
    const given = use(
      '  blog: {use: ../lib/vhost, with: {domain: blog.org}}\n  shop: {use: ../lib/vhost, with: {domain: "${node.name}.org", port: "${vars.port}", mode: tls}}\n',
      'vars: {port: 8443}\n',
    )
    const { files } = compileFiles(given)
    expect([...files.keys()].sort()).toEqual(['+blog/root/prod/index', '+shop/root/prod/index'])
    expect(files.get('+blog/root/prod/index')?.path).toBe('+blog/root/prod/index')
    const policy = rightPolicy(given)
    const { resources, errors } = resolveFor(policy, node({ env: 'prod' }), [...files.keys()])
    expect(errors).toEqual([])
    expect(resources.map(({ key, name, require, notify }) => [key, name, require, notify])).toEqual([
      ['service/nginx', 'nginx', [], []],
      ['package/blog-nginx', 'nginx', [], []],
      ['file/blog-conf', 'conf', ['package/blog-nginx'], ['service/nginx']],
      ['file/blog-root', 'root', [], []],
      ['package/shop-nginx', 'nginx', [], []],
      ['file/shop-conf', 'conf', ['package/shop-nginx'], ['service/nginx']],
      ['file/shop-root', 'root', [], []],
    ])
    const attrs = (key: string): Readonly<Record<string, Value | Uint8Array>> | undefined =>
      resources.find((one) => one.key === key)?.attrs
    expect(attrs('file/blog-conf')?.['path']).toBe('/etc/nginx/blog.org.conf')
    expect(text(attrs('file/blog-conf')?.['content'])).toBe('listen 443 plain;\n')
    expect(text(attrs('file/shop-conf')?.['content'])).toBe('listen 8443 tls;\n')
    expect(attrs('file/shop-root')).toEqual({ path: '/srv/web-1.org', source: '+shop/root/prod' })
  })

  it('can use others, and extend one', () => {
    const policy = rightPolicy({
      ...use('  a: {use: ../lib/outer, with: {name: x}}\n'),
      '../lib/outer/policy.yaml':
        'parameters: {name: text}\ncomponents: {b: {use: ../more, with: {domain: "${vars.name}.net"}}}\n',
      '../lib/more/policy.yaml': 'extends: ../vhost\nresources: {file/root: null}\n',
    })
    expect(policy.instances?.['a-b']?.within).toBe('a')
    const { resources, errors } = resolveFor(policy, node({ env: 'prod' }))
    expect(errors).toEqual([])
    expect(resources.map(({ key }) => key)).toEqual(['service/nginx', 'package/a-b-nginx', 'file/a-b-conf'])
    expect(resources.at(-1)?.attrs['path']).toBe('/etc/nginx/x.net.conf')
  })

  it('checks on the node what only the node knows', () => {
    const policy = rightPolicy(use('  blog: {use: ../lib/vhost, with: {domain: a, port: "${labels.port}"}}\n'))
    const { errors } = resolveFor(policy, node({ env: 'prod', port: '80' }), ['+blog/root/prod/index'])
    expect(errors.map(({ code, message }) => `${code} ${message}`)).toEqual([
      'E_TEMPLATE file/blog-conf: +blog/vhost.liquid:1:11: blog: port must be a whole number, not a text',
    ])
  })

  const blog = (rest: string): Record<string, string> => use(`  blog: {use: ../lib/vhost${rest}}\n`)
  const lib = (policy: string): Record<string, string> => ({
    ...use('  blog: {use: ../lib/vhost}\n'),
    '../lib/vhost/policy.yaml': policy,
  })
  it.each<[string, Record<string, string>, string]>([
    [
      'a missing parameter',
      blog(''),
      'E_TBD 4:3 The component blog is not given domain, which ../lib/vhost leaves open.',
    ],
    [
      'a misspelt parameter',
      blog(', with: {domian: x}'),
      "E_UNKNOWN_VAR 4:36 The component ../lib/vhost has no parameter 'domian'. Did you mean 'domain'?",
    ],
    [
      'a wrong type',
      blog(', with: {domain: x, port: "80"}'),
      'E_VALUE 4:53 The parameter port must be a whole number, not a text.',
    ],
    [
      'a value that is none of the choices',
      blog(', with: {domain: x, mode: tlz}'),
      "E_VALUE 4:53 The parameter mode must be one of plain, tls. Did you mean 'tls'?",
    ],
    [
      'TBD',
      blog(', with: {domain: TBD}'),
      'E_TBD 4:36 The component blog is not given domain, which ../lib/vhost leaves open.',
    ],
    [
      'an unknown name in a value',
      blog(', with: {domain: "${vars.x}"}'),
      "E_UNKNOWN_VAR 4:47 There is no variable 'x'.",
    ],
    ['no folder', use('  blog: {use: ../lib/vhots}\n'), "E_NO_FILE 4:15 There is no folder '../lib/vhots'."],
    ['no use', use('  blog: {with: {}}\n'), 'E_VALUE 4:9 The component blog does not say which folder it uses.'],
    [
      'a misspelt key',
      use('  blog: {use: ../lib/vhost, wiht: {}}\n'),
      "E_UNKNOWN_KEY 4:29 A component in use has no 'wiht'. Did you mean 'with'?",
    ],
    [
      'a wrong name',
      use('  Blog: {use: ../lib/vhost}\n'),
      "E_POLICY_NAME 4:3 'Blog' cannot be the name of a component.",
    ],
    [
      'a resource of the same key',
      {
        ...lib('resources: {service/x: {}}\n'),
        'policy.yaml':
          'policy: a/b\nselect: "true"\ncomponents: {blog: {use: ../lib/vhost}}\nresources: {service/blog-x: {}}\n',
      },
      'E_DUPLICATE_RESOURCE 1:1 service/blog-x is both a resource and made by a component.',
    ],
    [
      'a whole policy',
      lib('select: "true"\nresources: {}\n'),
      "E_UNKNOWN_KEY ../lib/vhost/policy.yaml:1:1 A component has no 'select'.",
    ],
    [
      'variables',
      lib('vars: {a: 1}\nresources: {}\n'),
      "E_UNKNOWN_KEY ../lib/vhost/policy.yaml:1:1 A component has no 'vars'.",
    ],
    [
      'nothing',
      lib('parameters: {}\n'),
      'E_VALUE ../lib/vhost/policy.yaml:1:1 The component ../lib/vhost has no resources.',
    ],
    [
      'an unknown type of parameter',
      lib('parameters: {a: int}\nresources: {}\n'),
      "E_VALUE ../lib/vhost/policy.yaml:1:17 The type of the parameter a must be one of text, number, boolean, list, map, any, not 'int'.",
    ],
    [
      'a default of another type',
      lib('parameters: {a: {type: number, default: x}}\nresources: {}\n'),
      'E_VALUE ../lib/vhost/policy.yaml:1:41 The default of a must be a whole number, not a text.',
    ],
    [
      'a variable of the policy that uses it',
      { ...lib('resources: {file/a: {path: "${vars.port}"}}\n') },
      "E_UNKNOWN_VAR ../lib/vhost/policy.yaml:1:31 There is no variable 'port'.",
    ],
    [
      'a reference to nothing',
      lib('resources: {file/a: {path: /a, require: [package/x]}}\n'),
      'E_REFERENCE ../lib/vhost/policy.yaml:1:42 file/blog-a has require: package/x, which is not in this policy.',
    ],
    [
      'a file that only the policy has',
      { ...lib('resources: {file/a: {path: /a, source: s}}\n'), s: '' },
      "E_NO_FILE ../lib/vhost/policy.yaml:1:40 The folder ../lib/vhost has no 's'.",
    ],
    [
      'a secret that it was not given',
      lib('resources: {file/a: {path: /a, content: "${secrets.x}"}}\n'),
      "E_EXPR ../lib/vhost/policy.yaml:1:44 'secrets' is not known here, only labels, facts, node, vars.",
    ],
    [
      'itself',
      lib('components: {again: {use: .}}\n'),
      'E_CYCLE ../lib/vhost/policy.yaml:1:27 This component uses itself, or too many others in each other: ../lib/vhost -> ../lib/vhost.',
    ],
  ])('is refused: %s', (_what, given, problem) => {
    expect(problems(given)).toContain(problem)
  })

  it('names both files', () => {
    const [wrongType] = compileFiles(blog(', with: {domain: x, port: "80"}')).diagnostics
    expect(wrongType?.hint).toBe('It is declared in ../lib/vhost/policy.yaml:3.')
    const [wrongInside] = compileFiles(lib('resources: {fiel/x: {}}\n')).diagnostics
    expect(wrongInside?.hint).toMatch(/It is used as blog in policy.yaml:4\.$/)
  })

  it('is none of a policy that only looks like one', () => {
    expect(problems('policy: a/b\nselect: "true"\nparameters: {a: text}\nresources: {}\n')).toEqual([
      'E_UNKNOWN_KEY 3:1 Only a component has parameters.',
    ])
  })
})
