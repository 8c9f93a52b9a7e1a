import { describe, expect, it } from 'vitest'
import type { CompiledPolicy, NodeContext } from '../model.ts'
import { node, resolveFor, rightPolicy } from '../testing/policies.ts'

const policy = (resources: string, head = '', files: Record<string, string> = {}): CompiledPolicy =>
  rightPolicy({ 'policy.yaml': `policy: a/b\nselect: "true"\n${head}resources:\n${resources}`, ...files })

function resources(
  of: CompiledPolicy,
  context: NodeContext = node(),
  files: string[] = [],
): ReturnType<typeof resolveFor>['resources'] {
  const { resources, errors } = resolveFor(of, context, files)
  expect(errors.map((error) => error.message)).toEqual([])
  return resources
}

function errors(of: CompiledPolicy, context: NodeContext = node(), files: string[] = []): string[] {
  return resolveFor(of, context, files).errors.map((error) => `${error.code} ${error.message}`)
}

describe('a resource on a node', () => {
  it('has its expressions evaluated, its defaults filled in, and its place', () => {
    const [file, service] = resources(
      policy(
        '  file/a: {path: "/srv/${labels.env}", content: "${vars.port}!", mode: "0600", sensitive: true, noop: true, tags: [x]}\n  service/s: {}\n',
        'vars: {port: 80}\n',
      ),
      node({ env: 'prod' }),
    )
    expect(file).toEqual({
      policy: 'a/b',
      key: 'file/a',
      type: 'file',
      name: 'a',
      attrs: { path: '/srv/prod', content: '80!', mode: '0600' },
      require: [],
      before: [],
      notify: [],
      subscribe: [],
      sensitive: true,
      noop: true,
      onRemove: 'leave',
      tags: ['x'],
      at: { file: 'policy.yaml', line: 5, column: 3 },
    })
    expect(service?.attrs).toEqual({ onNotify: 'restart' })
  })

  it('leaves out an attribute that gives null', () => {
    const [file] = resources(policy('  file/a: {path: /a, owner: "${has(labels.owner) ? labels.owner : null}"}\n'))
    expect(file?.attrs).toEqual({ path: '/a' })
  })

  it('gets its template as bytes', () => {
    const [file] = resources(
      policy('  file/a: {path: /a, template: t.liquid}\n', '', { 't.liquid': 'Hi {{ node.name }} ä\n' }),
    )
    expect(file?.attrs).toEqual({ path: '/a', content: new TextEncoder().encode('Hi web-1 ä\n') })
  })

  it('gets its source as the path of a file or folder of the bundle', () => {
    const of = policy(
      '  file/a: {path: /a, source: "env/${labels.env}/x"}\n  file/b: {path: /b, source: tree/}\n',
      '',
      { 'env/prod/x': '', 'tree/y': '' },
    )
    expect(resources(of, node({ env: 'prod' }), ['env/prod/x', 'tree/y']).map((one) => one.attrs['source'])).toEqual([
      'env/prod/x',
      'tree',
    ])
    expect(errors(of, node({ env: 'dev' }), ['env/prod/x', 'tree/y'])).toEqual([
      "E_NO_FILE file/a: the bundle has no file 'env/dev/x'",
    ])
    expect(errors(of, node({ env: '../..' }), ['env/prod/x', 'tree/y'])).toEqual([
      "E_PATH file/a: the source 'env/../../x' leaves its folder",
    ])
  })

  it('has a path that is absolute and clean', () => {
    const of = policy('  file/a: {path: "${vars.p}"}\n', 'vars: {p: TBD}\ndata: ["d/${node.name}.yaml"]\n', {
      'd/a.yaml': 'p: //srv/./x//',
      'd/b.yaml': 'p: srv',
      'd/c.yaml': 'p: /a/../etc',
      'd/d.yaml': 'p: "/a\\nb"',
    })
    expect(resources(of, node({}, {}, 'a'))[0]?.attrs['path']).toBe('/srv/x')
    expect(errors(of, node({}, {}, 'b'))).toEqual(["E_PATH file/a: the path 'srv' is not absolute"])
    expect(errors(of, node({}, {}, 'c'))).toEqual(["E_PATH file/a: the path '/a/../etc' has .."])
    expect(errors(of, node({}, {}, 'd'))[0]).toMatch(/^E_PATH .* has control characters$/)
  })

  it('is checked again when its expressions are known', () => {
    const of = policy(
      '  file/a: {path: /a, mode: "${vars.m}", content: "${labels.c}"}\n  service/s: {enabled: "${labels.on}"}\n',
      'vars: {m: 644}\n',
    )
    const found = resolveFor(of, node({ c: 'x', on: 'yes' }))
    expect(
      found.errors.map(({ code, message, hint, resource, at }) => [code, message, hint, resource, at?.line]),
    ).toEqual([
      [
        'E_ATTRIBUTE',
        'file/a: mode must be a text, not 644',
        'Write the mode in quotes, with a leading 0: "0644".',
        'file/a',
        5,
      ],
      [
        'E_ATTRIBUTE',
        "service/s: enabled must be true or false, not 'yes'",
        'Write true or false, without quotes; yes and no are texts.',
        'service/s',
        6,
      ],
    ])
    expect(errors(of, node({ on: 'yes' }))[0]).toBe("E_EXPR file/a: content: ${labels.c}: labels has no 'c'.")
  })

  it('must not break a rule between attributes', () => {
    expect(errors(policy('  file/a: {path: "/${node.name}", content: x, link: /b}\n'))).toEqual([
      'E_ATTRIBUTE file/a: content, template, source and link exclude each other',
    ])
  })
})

describe('when', () => {
  it('false makes a resource absent, and drops what refers to it', () => {
    const of = policy(
      "  file/a: {path: /a, when: labels.env == 'prod'}\n  file/b: {path: /b, require: [file/a], notify: [file/c]}\n  file/c: {path: /c, when: true}\n",
    )
    expect(resources(of, node({ env: 'prod' })).map(({ key, require, notify }) => [key, require, notify])).toEqual([
      ['file/a', [], []],
      ['file/b', ['file/a'], ['file/c']],
      ['file/c', [], []],
    ])
    expect(resources(of).map(({ key, require }) => [key, require])).toEqual([
      ['file/b', []],
      ['file/c', []],
    ])
  })

  it('that fails is an error of the policy', () => {
    expect(errors(policy('  file/a: {path: /a, when: labels.n > 3}\n'), node({ n: 'x' }))).toEqual([
      'E_EXPR file/a: a text > a number has no meaning',
    ])
  })
})

describe('each', () => {
  const users = '  user/${each.key}: {each: "${vars.users}", shell: "${each.value.shell}"}\n'

  it('repeats a resource for a map, by its sorted keys', () => {
    const of = policy(users, 'vars: {users: {bob: {shell: /b}, alice: {shell: /a}}}\n')
    expect(resources(of).map(({ key, attrs, onRemove }) => [key, attrs['shell'], onRemove])).toEqual([
      ['user/alice', '/a', 'undo'],
      ['user/bob', '/b', 'undo'],
    ])
  })

  it('repeats a resource for a list, in order, with the position as key', () => {
    const of = policy('  package/${each.value}: {each: [nginx, curl], version: "${each.key}.0"}\n')
    expect(resources(of).map(({ key, attrs, onRemove }) => [key, attrs['version'], onRemove])).toEqual([
      ['package/nginx', '0.0', 'undo'],
      ['package/curl', '1.0', 'undo'],
    ])
  })

  it('asks when for each item, and links items with each other', () => {
    const of = policy(
      `${users}  file/sudo-\${each.key}: {each: "\${vars.users}", when: "has(each.value.sudo)", path: "/s/\${each.key}", require: ["user/\${each.key}"]}\n  exec/x: {argv: [x], require: [user/bob, user/carol]}\n`,
      'vars: {users: {bob: {shell: /b}, alice: {shell: /a, sudo: all}}}\n',
    )
    expect(resources(of).map(({ key, require }) => [key, require])).toEqual([
      ['user/alice', []],
      ['user/bob', []],
      ['file/sudo-alice', ['user/alice']],
      ['exec/x', ['user/bob']],
    ])
  })

  it('over nothing makes nothing', () => {
    expect(resources(policy(users, 'vars: {users: {}}\n'))).toEqual([])
  })

  it('must give a list or map, and keys that differ and are names', () => {
    expect(errors(policy(users, 'vars: {users: 3}\n'))).toEqual([
      'E_VALUE user/${each.key}: each must give a map or a list',
    ])
    expect(errors(policy('  file/${each.value}: {each: [a, a], path: /a}\n'))).toEqual([
      'E_DUPLICATE_RESOURCE file/a is there twice on this node',
    ])
    expect(errors(policy('  file/${each.value}: {each: ["a b"], path: /a}\n'))).toEqual([
      "E_POLICY_NAME the key 'file/a b' has white space or control characters in its name",
    ])
  })
})

describe('references on a node', () => {
  it('must not lead to what the policy does not have', () => {
    expect(errors(policy('  file/a: {path: /a, require: ["file/${labels.x}"]}\n'), node({ x: 'b' }))).toEqual([
      "E_REFERENCE file/a has require: file/b, which is not in this policy. Did you mean 'file/a'?",
    ])
  })

  it('must not go in a circle', () => {
    const of = policy('  file/a: {path: /a, require: ["file/${labels.x}"]}\n  file/b: {path: /b, require: [file/a]}\n')
    expect(errors(of, node({ x: 'b' }))).toEqual([
      'E_CYCLE these resources wait for each other: file/a -> file/b -> file/a',
    ])
  })
})

describe('a hostile policy', () => {
  it('gives errors, not a hang', () => {
    const of = policy(
      '  file/a: {path: /a, template: t.liquid}\n  file/b: {path: "/${[1,2,3,4,5,6,7,8,9,10].map(a, [1,2,3,4,5,6,7,8,9,10].map(b, [1,2,3,4,5,6,7,8,9,10].map(c, [1,2,3,4,5,6,7,8,9,10].map(d, [1,2,3,4,5,6,7,8,9,10].map(e, [1,2,3,4,5,6,7,8,9,10].map(f, 1))))))[0]}"}\n',
      '',
      {
        't.liquid': '{% for i in (1..100000) %}{% for j in (1..100000) %}x{% endfor %}{% endfor %}',
      },
    )
    const start = process.cpuUsage().user
    expect(errors(of).map((message) => message.slice(0, 20))).toEqual(['E_TEMPLATE_LIMIT fil', 'E_EXPR_LIMIT file/b:'])
    expect((process.cpuUsage().user - start) / 1000).toBeLessThan(2000)
  })
})
