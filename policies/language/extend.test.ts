import { describe, expect, it } from 'vitest'
import { TEST_TYPES } from '../testing/types.ts'
import { compileFiles, node, problems, resolveFor, rightPolicy } from '../testing/policies.ts'
import { compile } from './compile.ts'
import { memorySource } from './source.ts'
import { appliedLayers, variablesFor } from './layers.ts'

const BASE = `policy: lib/base
select: "true"
after: [base/apt]
vars: { port: 80, tls: { on: false, key: a } }
resources:
  package/nginx: { version: "1" }
  package/curl: {}
  file/conf: { path: /etc/conf, content: "port \${vars.port}", mode: "0600", tags: [a, b] }
`
const child = (rest: string): string => `policy: web/site\nextends: ../base\n${rest}`
const files = (rest: string, more: Record<string, string> = {}): Record<string, string> => ({
  'policy.yaml': child(rest),
  '../base/policy.yaml': BASE,
  ...more,
})

describe('a policy that extends another', () => {
  it('is the other one but for its name', () => {
    const { at: _none, ...policy } = { at: 0, ...rightPolicy(files('')) }
    expect(policy).toEqual({
      ...rightPolicy({ 'policy.yaml': BASE }),
      policy: 'web/site',
      resources: expect.anything(),
    })
    expect(policy.resources.map(({ key, at }) => [key, at.file, at.line])).toEqual([
      ['package/nginx', '../base/policy.yaml', 6],
      ['package/curl', '../base/policy.yaml', 7],
      ['file/conf', '../base/policy.yaml', 8],
    ])
  })

  it('wins with what it says: maps merge deeply, lists replace, null deletes', () => {
    const policy = rightPolicy(
      files(
        'select: labels.a == "b"\nafter: [x/y, base/apt]\nvars: {port: 81, tls: {on: true, key: null}}\nresources:\n  package/curl: null\n  file/conf: {mode: null, tags: [c], notify: [service/s]}\n  service/s: {}\n',
      ),
    )
    expect(policy.select).toBe('labels.a == "b"')
    expect(policy.after).toEqual(['base/apt', 'x/y'])
    expect(policy.vars).toEqual({ port: 81, tls: { on: true } })
    expect(policy.resources.map(({ key, attrs, at }) => [key, attrs, `${at.file}:${at.line}`])).toEqual([
      ['package/nginx', { version: '1' }, '../base/policy.yaml:6'],
      [
        'file/conf',
        { path: '/etc/conf', content: 'port ${vars.port}', tags: ['c'], notify: ['service/s'] },
        'policy.yaml:8',
      ],
      ['service/s', {}, 'policy.yaml:9'],
    ])
  })

  it('has the same bundle content as the policy written out', () => {
    const written = BASE.replace('lib/base', 'web/site').replace('"0600"', '"0640"')
    const strip = ({ resources, ...rest }: ReturnType<typeof rightPolicy>): unknown => ({
      ...rest,
      resources: resources.map(({ at: _at, ...resource }) => resource),
    })
    expect(strip(rightPolicy(files('resources: {file/conf: {mode: "0640"}}\n')))).toEqual(
      strip(rightPolicy({ 'policy.yaml': written })),
    )
  })

  it('hides files of the base with its own, and carries the rest', () => {
    const base = `policy: lib/b\nselect: "true"\nresources:\n  file/a: {path: /a, template: a.liquid}\n  file/b: {path: /b, source: b}\n  file/c: {path: /c, source: c}\n`
    const { policy, files: used } = compileFiles({
      'policy.yaml': child(''),
      '../base/policy.yaml': base,
      '../base/a.liquid': 'base',
      '../base/b': 'base',
      '../base/c': 'base',
      'a.liquid': 'mine',
      b: 'mine!',
    })
    expect(policy?.templates).toEqual({ 'a.liquid': 'mine' })
    expect([...used].map(([path, file]) => [path, file.size])).toEqual([
      ['b', 5],
      ['c', 4],
    ])
  })

  it('has its variables and layers above all of the base', () => {
    const base = `policy: lib/b\nselect: "true"\nvars: {a: 1, b: 1, c: 1, d: TBD}\ndata: [common.yaml, "env/\${labels.env}.yaml"]\nresources: {}\n`
    const policy = rightPolicy({
      'policy.yaml': child('vars: {b: 3}\ndata: [own.yaml]\n'),
      '../base/policy.yaml': base,
      '../base/common.yaml': 'a: 2\nb: 2\nd: 2\nm: {x: 1, y: 1}\n',
      'common.yaml': 'd: 4\nm: {x: null}\n',
      '../base/env/prod.yaml': 'b: 5\n',
      'own.yaml': 'c: 6\n',
    })
    const context = node({ env: 'prod' })
    expect(variablesFor(policy, context)).toEqual({ a: 2, b: 3, c: 6, d: 4, m: { y: 1 } })
    expect(appliedLayers(policy, context).map((layer) => layer.name)).toEqual([
      'vars',
      'common.yaml',
      'env/prod.yaml',
      'vars of the policy',
      'own.yaml',
    ])
  })

  it('can extend one that extends', () => {
    const policy = rightPolicy({
      'policy.yaml': child('resources: {file/conf: {mode: "0644"}}\n'),
      '../base/policy.yaml': 'extends: ../lib/root\nresources: {file/conf: {owner: web, mode: "0400"}}\n',
      '../lib/root/policy.yaml': BASE,
    })
    expect(policy.resources.at(-1)?.attrs).toMatchObject({ owner: 'web', mode: '0644', path: '/etc/conf' })
    expect(resolveFor(policy, node()).errors).toEqual([])
  })

  it.each<[string, Record<string, string>, string]>([
    ['no such folder', { 'policy.yaml': child('') }, "E_NO_FILE 2:10 There is no folder '../base'."],
    [
      'no policy in it',
      { 'policy.yaml': child(''), '../base/x': '' },
      "E_NO_FILE 2:10 The folder '../base' has no policy.yaml.",
    ],
    ['a list', { 'policy.yaml': 'extends: [a]\n' }, 'E_VALUE 1:10 extends must be the path of a folder, not a list.'],
    ['an absolute path', { 'policy.yaml': 'extends: /etc\n' }, "E_PATH 1:10 The folder '/etc' is absolute."],
    [
      'itself',
      { 'policy.yaml': 'extends: .\n' },
      'E_CYCLE 1:10 This policy extends itself: policy.yaml -> policy.yaml.',
    ],
    [
      'a circle',
      {
        'policy.yaml': child(''),
        '../base/policy.yaml': 'extends: ../other\n',
        '../other/policy.yaml': 'extends: ../base\n',
      },
      'E_CYCLE ../other/policy.yaml:1:10 This policy extends itself: policy.yaml -> ../base/policy.yaml -> ../other/policy.yaml -> ../base/policy.yaml.',
    ],
    [
      'a long chain',
      Object.fromEntries([
        ['policy.yaml', 'extends: ../p1\n'],
        ...Array.from({ length: 30 }, (_, i) => [`../p${i + 1}/policy.yaml`, `extends: ../p${i + 2}\n`]),
      ]),
      'E_TOO_LARGE ../p16/policy.yaml:1:10 This policy extends a chain of more than 16 others.',
    ],
    [
      'removal of what is not there',
      files('resources: {package/crul: null}\n'),
      "E_REFERENCE 3:13 There is no package/crul in what this policy extends, so nothing can be removed. Did you mean 'package/curl'?",
    ],
    [
      'a removed resource that another one needs',
      {
        ...files('resources: {package/curl: null}\n'),
        '../base/policy.yaml': `${BASE}  file/x: {path: /x, require: [package/curl]}\n`,
      },
      'E_REFERENCE ../base/policy.yaml:9:32 file/x has require: package/curl, which is not in this policy.',
    ],
    [
      'an attribute that does not fit',
      files('resources: {file/conf: {mode: 644}}\n'),
      'E_ATTRIBUTE 3:25 file/conf: mode must be a text, not 644.',
    ],
    [
      'YAML that does not parse',
      { 'policy.yaml': child(''), '../base/policy.yaml': 'a: [\n' },
      'E_YAML ../base/policy.yaml:2:1 Flow sequence in block collection must be sufficiently indented and end with a ].',
    ],
  ])('is refused: %s', (_what, given, problem) => {
    expect(problems(given)).toContain(problem)
  })

  it('names both files where the base is wrong', () => {
    const { diagnostics } = compileFiles({ ...files(''), '../base/policy.yaml': `${BASE}  fiel/x: {}\n` })
    expect(diagnostics[0]?.hint).toBe(
      'The types are archive, exec, file, package, service, ssh_keys, user. It is extended in policy.yaml:2.',
    )
  })

  it('needs a source that can reach other folders', () => {
    const alone = compile(memorySource({ 'policy.yaml': child('') }), { types: TEST_TYPES })
    expect(alone.diagnostics.map(({ code, message }) => `${code} ${message}`)).toContain(
      "E_UNSUPPORTED '../base' cannot be read: this policy was not given as a folder on disk.",
    )
  })
})

describe('a data layer named by a label', () => {
  it('is never the policy itself', () => {
    const policy = rightPolicy({
      'policy.yaml': 'policy: a/b\nselect: "true"\nvars: {a: 1}\ndata: ["${labels.env}.yaml"]\nresources: {}\n',
      'prod.yaml': 'a: 2\n',
    })
    expect(Object.keys(policy.layers)).toEqual(['prod.yaml'])
  })
})
