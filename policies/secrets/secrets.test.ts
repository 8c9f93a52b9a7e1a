import { describe, expect, it } from 'vitest'
import type { PolicyError } from '../errors.ts'
import type { Resolved } from '../language/resolve.ts'
import type { CompiledPolicy, NodeContext } from '../model.ts'
import { node, problems, resolveFor, rightPolicy } from '../testing/policies.ts'
import { secretHeader } from './header.ts'
import { secretSources } from './sources.ts'
import type { SecretAnswer } from './use.ts'

const VALUE = 'correct-horse-battery'
const sealed = (name: string, policy = 'a/b'): string =>
  `${new TextDecoder().decode(secretHeader({ mesh: 'm', policy, name, version: 1 }))}age-encryption.org/v1\n`
const HEAD = 'policy: a/b\nselect: "true"\nsecrets: { key: { file: /etc/key }, other: { exec: [pass, show] } }\n'
const policy = (resources: string, more: Record<string, string> = {}, head = ''): CompiledPolicy =>
  rightPolicy({ 'policy.yaml': `${HEAD}${head}resources:\n${resources}`, ...more })
const give =
  (values: Record<string, string>) =>
  (name: string): SecretAnswer => {
    const value = values[name]
    return value === undefined ? 'waiting' : { value }
  }
const resolved = (of: CompiledPolicy, values: Record<string, string>, context: NodeContext = node()): Resolved =>
  resolveFor(of, context, [], { secrets: give(values) })
const sensitive = (result: Resolved): unknown =>
  Object.fromEntries(result.resources.map((resource) => [resource.key, resource.sensitive]))

describe('what uses a secret', () => {
  it('is sensitive: in an attribute, deep inside one, in a template, through a parameter; and nothing else is', () => {
    const of = policy(
      '  file/a: {path: /a, content: "k=${secrets.key}"}\n  exec/b: {argv: [x, "${secrets.key.size() > 3 ? \'long\' : \'short\'}"]}\n  file/c: {path: /c, template: t.liquid}\n  file/d: {path: /d, content: plain, sensitive: false}\n',
      {
        't.liquid': '{% assign x = secrets.key | upcase %}{{ x }}\n',
        '../lib/policy.yaml':
          'parameters: {key: text, port: number}\nresources:\n  file/k: {path: /k, content: "${vars.key}"}\n  file/p: {path: /p, content: "p${vars.port}"}\n  file/t: {path: /t, template: t.liquid}\n',
        '../lib/t.liquid': '{{ vars.port }}',
      },
      'components: {i: {use: ../lib, with: {key: "${secrets.key}", port: 80}}}\n',
    )
    const result = resolved(of, { key: VALUE })
    expect(result.errors).toEqual([])
    expect(sensitive(result)).toEqual({
      'file/a': true,
      'exec/b': true,
      'file/c': true,
      'file/d': false,
      'file/i-k': true,
      'file/i-p': false,
      'file/i-t': false,
    })
    expect(result.resources[0]?.attrs['content']).toBe(`k=${VALUE}`)
  })

  it('is sensitive whatever it says itself', () => {
    const of = policy('  file/a: {path: /a, content: "${secrets.key}", sensitive: false}\n')
    expect(sensitive(resolved(of, { key: VALUE }))).toEqual({ 'file/a': true })
  })

  it('waits where the node does not have it, with all that stands on it; the rest goes on', () => {
    const of = policy(
      '  file/a: {path: /a, content: "${secrets.key} ${secrets.other}", before: [file/e]}\n  file/b: {path: /b, require: [file/a]}\n  file/c: {path: /c, subscribe: [file/b]}\n  file/d: {path: /d, notify: [file/a]}\n  file/e: {path: /e}\n',
    )
    const { resources, waiting, errors } = resolved(of, {})
    expect(errors).toEqual([])
    expect(resources.map(({ key, notify }) => [key, notify])).toEqual([['file/d', []]])
    expect(waiting).toEqual([
      { policy: 'a/b', key: 'file/a', type: 'file', name: 'a', reason: 'waiting for secret key', code: 'E_SECRET' },
      ...['b', 'e', 'c'].map((name) => ({
        policy: 'a/b',
        key: `file/${name}`,
        type: 'file',
        name,
        reason: `waiting for file/${name === 'c' ? 'b' : 'a'}, which is waiting for a secret`,
        code: 'E_SECRET',
      })),
    ])
    expect(resolved(of, { key: 'x' }).waiting[0]?.reason).toBe('waiting for secret other')
    expect(resolveFor(of, node()).waiting).toHaveLength(4)
  })

  it('is never shown by an error', () => {
    const of = policy(
      '  file/a: {path: /a, content: "${int(secrets.key)}"}\n  file/b: {path: /b, ensure: "${secrets.key}"}\n  file/c: {path: "${secrets.key}"}\n  file/d: {path: /d, template: t.liquid}\n',
      { 't.liquid': '{{ secrets.key.nothing }}' },
    )
    const { errors } = resolved(of, { key: VALUE })
    expect(errors.map(({ code, message }) => `${code} ${message}`)).toEqual([
      'E_EXPR file/a: what it makes of the secret key does not fit its attributes',
      'E_ATTRIBUTE file/b: what it makes of the secret key does not fit its attributes',
      'E_PATH file/c: what it makes of the secret key does not fit its attributes',
      'E_TEMPLATE file/d: what it makes of the secret key does not fit its attributes',
    ])
    const everything = (error: PolicyError): string => JSON.stringify([error.message, error.hint, error.stack])
    expect(errors.map(everything).join()).not.toContain(VALUE)
  })

  it('decides nothing that everybody sees', () => {
    const of = policy(
      '',
      { '../lib/policy.yaml': 'parameters: {k: text}\nresources: {file/a: {path: /a, when: "vars.k == \'x\'"}}\n' },
      'components: {i: {use: ../lib, with: {k: "${secrets.key}"}}}\n',
    )
    expect(resolved(of, { key: 'x' }).errors.map(({ message }) => message)).toEqual([
      'file/i-a: ${secrets.key}: the secret key decides here which resources there are, which everybody sees',
    ])
  })
})

describe('the place of a secret', () => {
  it('is known for a node by its labels and name, and by nothing else', () => {
    const of = rightPolicy({
      'policy.yaml':
        'policy: a/b\nselect: "true"\nsecrets: {key: {age: "s/${labels.env}.age"}, f: {file: "/etc/${node.name}"}, x: {exec: [get, "${labels.env}"]}}\nresources: {}\n',
      's/prod.age': sealed('key'),
    })
    expect([...secretSources(of, node({ env: 'prod' }))]).toEqual([
      ['key', { age: 's/prod.age' }],
      ['f', { file: '/etc/web-1' }],
      ['x', { exec: ['get', 'prod'] }],
    ])
    expect(secretSources(of, node()).get('key')).toMatchObject({
      code: 'E_SECRET',
      message: "its place cannot be told on this node: ${labels.env}: labels has no 'env'.",
    })
  })

  const wrong = (secrets: string, files: Record<string, string> = {}): string[] =>
    problems({ 'policy.yaml': `policy: a/b\nselect: "true"\nsecrets: ${secrets}\nresources: {}\n`, ...files })
  it.each<[string, Record<string, string>, string]>([
    ['{k: {age: k.age}}', {}, "E_NO_FILE 3:20 The folder has no 'k.age'."],
    ['{k: {age: k.age}}', { 'k.age': VALUE }, 'E_SECRET 3:20 k.age is not a secret made by `chorus secret set`.'],
    ['{k: {age: k.age}}', { 'k.age': sealed('j') }, 'E_SECRET 3:20 k.age was made for the name j, not k.'],
    ['{k: {age: k.age}}', { 'k.age': sealed('k', 'c/d') }, 'E_SECRET 3:20 k.age was made for the policy c/d, not a/b.'],
    ['{k: {age: "${facts.os}.age"}}', {}, "E_EXPR 3:23 'facts' is not known here, only labels, node."],
    [
      '{k: {file: etc/key}}',
      {},
      "E_PATH 3:21 The file of a secret must be an absolute path without .., not 'etc/key'.",
    ],
    [
      '{k: {exec: pass}}',
      {},
      'E_VALUE 3:21 exec of the secret k must be a list of texts: a command and its arguments.',
    ],
    ['{k: {}}', {}, 'E_VALUE 3:11 The secret k must have one source: age, file or exec.'],
    ['{k: {file: /a, exec: [b]}}', {}, 'E_VALUE 3:11 The secret k must have one source: age, file or exec.'],
    ['{k: {aeg: x}}', {}, "E_UNKNOWN_KEY 3:15 A secret has no 'aeg'. Did you mean 'age'?"],
    ['{k: /etc/key}', {}, 'E_VALUE 3:14 The secret k must be a map, not a text.'],
    ['{"k-1": {file: /a}}', {}, "E_VALUE 3:11 'k-1' cannot be the name of a secret."],
  ])('is refused: %s', (secrets, files, problem) => {
    expect(wrong(secrets, files)).toEqual([problem])
  })

  it.each<[string, string]>([
    ['file/${secrets.key}: {path: /a}', "E_EXPR 5:10 'secrets' is not known here, only labels, facts, node, vars."],
    [
      'file/a: {path: /a, when: secrets.key == "x"}',
      "E_EXPR 5:28 'secrets' is not known here, only labels, facts, node, vars.",
    ],
    ['file/a: {path: /a, content: "${secrets.kye}"}', "E_SECRET 5:34 There is no secret 'kye'. Did you mean 'key'?"],
    ['file/a: {path: /a, content: "${keys(secrets)[0]}"}', 'E_SECRET 5:39 secrets can only be used one by one.'],
  ])('is not used so: %s', (resource, problem) => {
    expect(problems(`${HEAD}resources:\n  ${resource}\n`)).toEqual([problem])
  })
})
