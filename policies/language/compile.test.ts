import { describe, expect, it } from 'vitest'
import fc from 'fast-check'
import { LIMITS } from '../limits.ts'
import { compileFiles, problems, rightPolicy } from '../testing/policies.ts'
import { TEST_TYPES } from '../testing/types.ts'
import { compile } from './compile.ts'
import { memorySource } from './source.ts'

/** A right policy around the lines of a test. */
const policy = (resources: string, head = ''): string => `policy: a/b\nselect: "true"\n${head}resources:\n${resources}`

describe('a right policy', () => {
  it('is compiled to plain data', () => {
    const compiled = rightPolicy({
      'policy.yaml':
        'policy: web/site\nselect: labels.role == \'web\'\nafter: [base/apt]\npriority: 5\nonFork: hold\nhealth: [{http: "http://x/"}]\nvars: {port: 80}\nresources:\n  file/a: {path: /a, content: "${vars.port}", mode: "0644"}\n  package/nginx:\n',
    })
    expect(compiled).toEqual({
      v: 1,
      policy: 'web/site',
      select: "labels.role == 'web'",
      after: ['base/apt'],
      vars: { port: 80 },
      data: [],
      layers: {},
      templates: {},
      resources: [
        {
          key: 'file/a',
          type: 'file',
          attrs: { path: '/a', content: '${vars.port}', mode: '0644' },
          at: { file: 'policy.yaml', line: 9, column: 3 },
        },
        { key: 'package/nginx', type: 'package', attrs: {}, at: { file: 'policy.yaml', line: 10, column: 3 } },
      ],
      extra: { priority: 5, onFork: 'hold', health: [{ http: 'http://x/' }] },
    })
  })

  it('carries the files that it names, and no others', () => {
    const { files, policy: compiled } = compileFiles({
      'policy.yaml': policy(
        '  file/a: {path: /a, source: files/a}\n  file/b: {path: /b, source: "env/${labels.env}/b"}\n  file/c: {path: /c, source: tree/}\n  file/d: {path: /d, template: "t/${node.name}.liquid"}\n',
      ),
      'files/a': 'A',
      'files/unused': 'U',
      'env/prod/b': 'B',
      'env/dev/b': 'B',
      'tree/x': 'X',
      'tree/y/z': 'Z',
      't/n1.liquid': 'one {{ node.name }}',
      't/n2.liquid': 'two',
      'README.md': 'not part of it',
    })
    expect([...files.keys()].sort()).toEqual(['env/dev/b', 'env/prod/b', 'files/a', 'tree/x', 'tree/y/z'])
    expect(Object.keys(compiled?.templates ?? {})).toEqual(['t/n1.liquid', 't/n2.liquid'])
  })

  it('is the same in any order of its files', () => {
    const files = {
      'policy.yaml': policy('  file/c: {path: /c, source: tree}\n', 'data: ["d/${labels.x}.yaml"]\n'),
      'tree/x': 'X',
      'tree/y': 'Y',
      'd/1.yaml': 'a: 1',
      'd/2.yaml': 'b: 2',
    }
    const source = memorySource(files)
    const wanted = compile(source, { types: TEST_TYPES })
    fc.assert(
      fc.property(fc.shuffledSubarray([...source.files], { minLength: source.files.length }), (shuffled) => {
        const again = compile({ files: shuffled }, { types: TEST_TYPES })
        expect(again.policy).toEqual(wanted.policy)
        expect([...again.files.keys()].sort()).toEqual([...wanted.files.keys()].sort())
      }),
    )
  })
})

describe('the files of a policy', () => {
  const right = policy('  file/a: {path: /a, template: a.liquid}\n')

  it.each<[string, Record<string, string | Uint8Array>, string]>([
    ['no policy.yaml', { 'a.liquid': '' }, "E_NO_FILE 1:1 The folder has no 'policy.yaml'."],
    [
      'policy.yaml under another name',
      { 'policy.yml': right },
      "E_NO_FILE 1:1 The folder has no 'policy.yaml'. Did you mean 'policy.yml'?",
    ],
    [
      'a policy.yaml that is not UTF-8',
      { 'policy.yaml': new Uint8Array([0x61, 0xff, 0xfe]) },
      'E_UTF8 1:1 policy.yaml is not UTF-8 text.',
    ],
    [
      'a policy.yaml with a byte order mark',
      { 'policy.yaml': `\uFEFF${right}` },
      'E_UTF8 1:1 policy.yaml starts with a byte order mark.',
    ],
    [
      'a policy.yaml of 5 MiB',
      { 'policy.yaml': '#'.repeat(5 * 2 ** 20) },
      'E_TOO_LARGE 1:1 policy.yaml has 5242880 bytes, the limit for such a file is 4194304.',
    ],
    [
      'a template that is not UTF-8',
      { 'policy.yaml': right, 'a.liquid': new Uint8Array([0xc3, 0x28]) },
      'E_UTF8 a.liquid:1:1 a.liquid is not UTF-8 text.',
    ],
    [
      'a template that does not parse',
      { 'policy.yaml': right, 'a.liquid': 'a\n{% if x %}' },
      'E_TEMPLATE a.liquid:2:1 Tag {% if x %} not closed.',
    ],
    [
      'a template with an unknown name',
      { 'policy.yaml': right, 'a.liquid': '{{ var.x }}' },
      "E_EXPR a.liquid:1:4 'var' is not known here, only labels, facts, node, vars, secrets. Did you mean 'vars'?",
    ],
    [
      'a template with an unknown variable',
      { 'policy.yaml': right, 'a.liquid': '\n {{ vars.x }}' },
      "E_UNKNOWN_VAR a.liquid:2:5 There is no variable 'x'.",
    ],
    [
      'a file name that leaves the folder',
      { 'policy.yaml': right, 'a.liquid': '', 'a/../x': '' },
      "E_PATH 1:1 The file name 'a/../x' leaves its folder.",
    ],
    [
      'an absolute file name',
      { 'policy.yaml': right, 'a.liquid': '', '/etc/x': '' },
      "E_PATH 1:1 The file name '/etc/x' is absolute.",
    ],
  ])('are refused: %s', (_what, files, problem) => {
    expect(problems(files)[0]).toBe(problem)
  })

  it('are refused where a link leads out of the folder, if it is used', () => {
    const source = memorySource({
      'policy.yaml': policy('  file/a: {path: /a, source: key}\n'),
      key: 'secret',
      other: '',
    })
    const linked = {
      files: source.files.map((file) => (file.path === 'policy.yaml' ? file : { ...file, link: 'outside' as const })),
    }
    const { diagnostics } = compile(linked, { types: TEST_TYPES })
    expect(diagnostics.map(({ code, message }) => `${code} ${message}`)).toEqual([
      "E_PATH The file 'key' is a link that leads out of the policy folder.",
    ])
  })

  it('are at most 20,000', () => {
    const files = Object.fromEntries(Array.from({ length: LIMITS.folderFiles + 1 }, (_, i) => [`f${i}`, '']))
    expect(problems(files)[0]).toBe('E_TOO_LARGE 1:1 The folder has 20001 files, the limit is 20000.')
  })
})
