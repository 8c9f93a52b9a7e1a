import { describe, expect, it } from 'vitest'
import fc from 'fast-check'
import { LIMITS } from '../limits.ts'
import { compileFiles, problems, rightPolicy } from '../testing/policies.ts'
import { TEST_TYPES } from '../testing/types.ts'
import { compile } from './compile.ts'
import { formatDiagnostic } from './diagnostic.ts'
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

describe('a wrong policy', () => {
  it.each<[string, string]>([
    ['', 'E_VALUE 1:1 A policy is a map that starts with policy: NAME.'],
    ['- a\n', 'E_VALUE 1:1 A policy is a map that starts with policy: NAME.'],
    ['select: "true"\nresources: {}\n', 'E_POLICY_NAME 1:1 The policy has no name.'],
    [
      'policy: Web Site\nselect: "true"\nresources: {}\n',
      "E_POLICY_NAME 1:9 'Web Site' cannot be the name of a policy.",
    ],
    ['policy: ../etc\nselect: "true"\nresources: {}\n', "E_POLICY_NAME 1:9 '../etc' cannot be the name of a policy."],
    ['policy: a/b\nresources: {}\n', 'E_SELECT 1:1 The policy does not say which nodes it is for.'],
    ['policy: a/b\nselect: ""\nresources: {}\n', 'E_SELECT 2:9 select must be a condition, not empty.'],
    ['policy: a/b\nselect:\nresources: {}\n', 'E_SELECT 2:8 select must be a condition, not empty.'],
    ['policy: a/b\nselect: [a]\nresources: {}\n', 'E_SELECT 2:9 select must be a condition, not a list.'],
    [
      "policy: a/b\nselect: labels.role = 'web'\nresources: {}\n",
      'E_EXPR 2:21 The expression does not parse: = alone means nothing.',
    ],
    [
      'policy: a/b\nselect: web\nresources: {}\n',
      "E_SELECT 2:9 A selector cannot use 'web', only labels, facts, node.",
    ],
    [
      'policy: a/b\nselect: vars.x == 1\nresources: {}\n',
      "E_SELECT 2:9 A selector cannot use 'vars', only labels, facts, node.",
    ],
    ['policy: a/b\nselect: "true"\n', 'E_VALUE 1:1 The policy has no resources.'],
    [
      'policy: a/b\nslect: "true"\nselect: "true"\nresources: {}\n',
      "E_UNKNOWN_KEY 2:1 A policy has no 'slect'. Did you mean 'select'?",
    ],
    [
      'policy: a/b\nselect: "true"\nrollout: {waves: []}\nresources: {}\n',
      "E_UNSUPPORTED 3:1 This build cannot execute 'rollout'.",
    ],
    [
      'policy: a/b\nselect: "true"\nsecrets: {a: {age: x}}\nresources: {}\n',
      "E_UNSUPPORTED 3:1 This build cannot execute 'secrets'.",
    ],
    [
      'policy: a/b\nselect: "true"\nhealth: 3\nresources: {}\n',
      'E_VALUE 3:9 health must be a list of checks, not a number.',
    ],
    [
      'policy: a/b\nselect: "true"\nafter: [A]\nresources: {}\n',
      "E_POLICY_NAME 3:9 'A' cannot be the name of a policy.",
    ],
    ['policy: a/b\nselect: "true"\nresources: []\n', 'E_VALUE 3:12 Resources must be a map, not a list.'],
    [
      policy('  motd: {path: /a}\n'),
      "E_POLICY_NAME 4:3 The resource key 'motd' needs the form type/name, as in file/motd.",
    ],
    [policy('  file/: {path: /a}\n'), "E_POLICY_NAME 4:3 The resource key 'file/' has no name after the /."],
    [
      policy('  "file/a b": {path: /a}\n'),
      "E_POLICY_NAME 4:3 The resource key 'file/a b' has white space or control characters in its name.",
    ],
    [
      policy('  "${node.name}/x": {path: /a}\n'),
      "E_POLICY_NAME 4:3 The resource key '${node.name}/x' needs a type before the first ${.",
    ],
    [policy('  fiel/a: {path: /a}\n'), "E_UNKNOWN_TYPE 4:3 There is no resource type 'fiel'. Did you mean 'file'?"],
    [policy('  constructor/a: {path: /a}\n'), "E_UNKNOWN_TYPE 4:3 There is no resource type 'constructor'."],
    [policy('  file/a: 3\n'), 'E_VALUE 4:11 file/a must be a map, not a number.'],
    [
      policy('  file/a: {path: /a, conten: x}\n'),
      "E_UNKNOWN_KEY 4:22 file/a: there is no attribute 'conten'. Did you mean 'content'?",
    ],
    [
      policy('  file/a: {path: /a, requre: [file/a]}\n'),
      "E_UNKNOWN_KEY 4:22 file/a: there is no attribute 'requre'. Did you mean 'require'?",
    ],
    [policy('  file/a: {path: /a, mode: 644}\n'), 'E_ATTRIBUTE 4:22 file/a: mode must be a text, not 644.'],
    [policy('  file/a: {path: /a, mode: rw}\n'), 'E_ATTRIBUTE 4:22 file/a: mode must be an octal mode, as in "0644".'],
    [policy('  file/a: {content: x}\n'), 'E_ATTRIBUTE 4:3 file/a: path is missing; it must be a text.'],
    [
      policy('  file/a: {path: /a, content: x, link: /b}\n'),
      'E_ATTRIBUTE 4:3 file/a: content, template, source and link exclude each other.',
    ],
    [
      policy('  file/a: {path: /a, ensure: absnt}\n'),
      "E_ATTRIBUTE 4:22 file/a: ensure must be one of present, absent, directory, not 'absnt'. Did you mean 'absent'?",
    ],
    [policy('  service/a: {enabled: yes}\n'), "E_ATTRIBUTE 4:15 service/a: enabled must be true or false, not 'yes'."],
    [policy('  exec/a: {argv: ls}\n'), "E_ATTRIBUTE 4:12 exec/a: argv must be a list, not 'ls'."],
    [policy('  exec/a: {argv: [ls, 3]}\n'), 'E_ATTRIBUTE 4:12 exec/a: argv.1 must be a text, not 3.'],
    [
      policy('  file/a: {path: /a, noop: maybe}\n'),
      "E_ATTRIBUTE 4:22 file/a: noop must be true or false, not 'maybe'.",
    ],
    [
      policy('  file/a: {path: /a, onRemove: delete}\n'),
      "E_ATTRIBUTE 4:22 file/a: onRemove must be one of leave, undo, not 'delete'.",
    ],
    [policy('  file/a: {path: /a, when: ""}\n'), 'E_SELECT 4:22 when must be a condition, not empty.'],
    [policy('  file/a: {path: /a, when: }\n'), 'E_SELECT 4:22 when must be a condition, not empty.'],
    [policy('  file/a: {path: /a, when: "${labels.a}"}\n'), 'E_SELECT 4:28 when is an expression already.'],
    [
      policy('  file/a: {path: /a, when: labels.a == b}\n'),
      "E_EXPR 4:40 'b' is not known here, only labels, facts, node, vars.",
    ],
    [policy('  file/a: {path: /a, content: "${vars.x}"}\n'), "E_UNKNOWN_VAR 4:34 There is no variable 'x'."],
    [
      policy('  file/a: {path: /a, content: "${vars.prot}"}\n', 'vars: {port: 1}\n'),
      "E_UNKNOWN_VAR 5:34 There is no variable 'prot'. Did you mean 'port'?",
    ],
    [
      policy('  file/a: {path: /a, content: "x ${each.key}"}\n'),
      "E_EXPR 4:36 'each' is not known here, only labels, facts, node, vars.",
    ],
    [
      policy('  file/a: {path: /a, content: "${secrets.x}"}\n'),
      'E_UNSUPPORTED 4:34 This build cannot execute secrets yet.',
    ],
    [
      policy('  file/a: {path: /a, content: "${node.nam}"}\n'),
      "E_EXPR 4:34 node has no 'nam', only name and id. Did you mean 'name'?",
    ],
    [
      policy('  file/a: {path: /a, content: "${HOME}"}\n'),
      "E_EXPR 4:34 'HOME' is not known here, only labels, facts, node, vars.",
    ],
    [
      policy('  file/a: {path: /a, content: "${1 +}"}\n'),
      'E_EXPR 4:37 The expression does not parse: it ends too early.',
    ],
    [
      policy('  file/a: {path: /a, content: "a ${b"}\n'),
      "E_EXPR 4:34 The expression that starts with '${b' has no end.",
    ],
    [
      policy('  file/a: {path: /a, each: [1]}\n'),
      'E_DUPLICATE_RESOURCE 4:3 file/a is repeated by each, but its key is always the same.',
    ],
    [
      policy('  file/a-${each.key}: {path: /a, each: x}\n'),
      'E_VALUE 4:34 each must be a map, a list or an expression that gives one, not a text.',
    ],
    [policy('  file/a-${each.name}: {path: /a, each: [1]}\n'), "E_EXPR 4:12 each has no 'name', only key and value."],
    [
      policy('  file/a: {path: /a, require: [file/b]}\n  file/c: {path: /c}\n'),
      "E_REFERENCE 4:32 file/a has require: file/b, which is not in this policy. Did you mean 'file/a'?",
    ],
    [
      policy('  file/a: {path: /a, require: "user/${node.name}"}\n'),
      'E_REFERENCE 4:31 file/a has require: user/${node.name}, which is not in this policy.',
    ],
    [
      policy('  file/a: {path: /a, require: [file/a]}\n'),
      'E_CYCLE 4:32 These resources wait for each other: file/a -> file/a.',
    ],
    [
      policy(
        '  file/a: {path: /a, require: [file/b]}\n  file/b: {path: /b, subscribe: [file/c]}\n  file/c: {path: /c, require: [file/a]}\n',
      ),
      'E_CYCLE 4:32 These resources wait for each other: file/a -> file/c -> file/b -> file/a.',
    ],
    [
      policy('  file/a: {path: /a, before: [file/b], require: [file/b]}\n  file/b: {path: /b}\n'),
      'E_CYCLE 4:50 These resources wait for each other: file/a -> file/b -> file/a.',
    ],
    [policy('  file/a: {path: /a, template: a.liquid}\n'), "E_NO_FILE 4:32 The folder has no 'a.liquid'."],
    [
      policy('  file/a: {path: /a, source: "x/${labels.env}"}\n'),
      "E_NO_FILE 4:30 The folder has no 'x/${labels.env}'.",
    ],
    [
      policy('  file/a: {path: /a, source: ../../etc/shadow}\n'),
      "E_PATH 4:30 The file name '../../etc/shadow' leaves its folder.",
    ],
    [policy('  file/a: {path: /a, source: /etc/shadow}\n'), "E_PATH 4:30 The file name '/etc/shadow' is absolute."],
    [policy('  file/a: {path: /a, source: a/./b}\n'), "E_PATH 4:30 The file name 'a/./b' is not clean."],
  ])('%j', (text, problem) => {
    expect(problems(text)[0]).toBe(problem)
  })

  it('is reported whole, in order, each with its line and what to do', () => {
    const { policy: compiled, diagnostics } = compileFiles({
      'policy.yaml': policy('  file/a: {path: /a, mode: 644}\n  fil/b: {}\n', 'slect: x\n'),
    })
    expect(compiled).toBeUndefined()
    expect(diagnostics.map(formatDiagnostic)).toEqual([
      "policy.yaml:3:1: A policy has no 'slect'. Did you mean 'select'? [E_UNKNOWN_KEY]\n    3 | slect: x\n      | ^\n  It has policy, select, after, vars, data, resources, health, priority, onFork, secrets, onChange, rollout, extends, components.",
      'policy.yaml:5:22: file/a: mode must be a text, not 644. [E_ATTRIBUTE]\n    5 |   file/a: {path: /a, mode: 644}\n      |                      ^\n  Write the mode in quotes, with a leading 0: "0644".',
      "policy.yaml:6:3: There is no resource type 'fil'. Did you mean 'file'? [E_UNKNOWN_TYPE]\n    6 |   fil/b: {}\n      |   ^\n  The types are archive, exec, file, package, service, ssh_keys, user.",
    ])
  })

  it('shows a bounded number of problems', () => {
    const many = Array.from({ length: 1000 }, (_, i) => `  fil/${i}: {}\n`).join('')
    const found = problems(policy(many))
    expect(found).toHaveLength(LIMITS.diagnostics + 1)
    expect(found.at(-1)).toContain('There are 800 more problems')
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
      "E_EXPR a.liquid:1:4 'var' is not known here, only labels, facts, node, vars. Did you mean 'vars'?",
    ],
    [
      'a template with an unknown variable',
      { 'policy.yaml': right, 'a.liquid': '\n {{ vars.x }}' },
      "E_UNKNOWN_VAR a.liquid:2:5 There is no variable 'x'.",
    ],
    [
      'a file name that leaves the folder',
      { 'policy.yaml': right, 'a.liquid': '', '../x': '' },
      "E_PATH 1:1 The file name '../x' leaves its folder.",
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
      'E_PATH Key is a link that leads out of the policy folder.',
    ])
  })

  it('are at most 20,000', () => {
    const files = Object.fromEntries(Array.from({ length: LIMITS.folderFiles + 1 }, (_, i) => [`f${i}`, '']))
    expect(problems(files)[0]).toBe('E_TOO_LARGE 1:1 The folder has 20001 files, the limit is 20000.')
  })
})
