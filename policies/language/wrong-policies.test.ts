import { describe, expect, it } from 'vitest'
import { LIMITS } from '../limits.ts'
import { compileFiles, problems } from '../testing/policies.ts'
import { formatDiagnostic } from './diagnostic.ts'

/** A right policy around the lines of a test. */
const policy = (resources: string, head = ''): string => `policy: a/b\nselect: "true"\n${head}resources:\n${resources}`

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
      'E_VALUE 3:10 rollout.waves must have at least 1 item.',
    ],
    ['policy: a/b\nselect: "true"\nsecrets: {a: {age: x}}\nresources: {}\n', "E_NO_FILE 3:20 The folder has no 'x'."],
    ['policy: a/b\nselect: "true"\nhealth: 3\nresources: {}\n', 'E_VALUE 3:9 health must be a list, not 3.'],
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
      "E_EXPR 4:36 'each' is not known here, only labels, facts, node, vars, secrets.",
    ],
    [policy('  file/a: {path: /a, content: "${secrets.x}"}\n'), "E_SECRET 4:34 There is no secret 'x'."],
    [
      policy('  file/a: {path: /a, content: "${node.nam}"}\n'),
      "E_EXPR 4:34 node has no 'nam', only name and id. Did you mean 'name'?",
    ],
    [
      policy('  file/a: {path: /a, content: "${HOME}"}\n'),
      "E_EXPR 4:34 'HOME' is not known here, only labels, facts, node, vars, secrets.",
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
      "policy.yaml:3:1: A policy has no 'slect'. Did you mean 'select'? [E_UNKNOWN_KEY]\n    3 | slect: x\n      | ^\n  It has policy, extends, select, after, priority, onFork, vars, data, secrets, components, onChange, resources, health, rollout.",
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
