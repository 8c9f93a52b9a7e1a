import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { buildBundle } from '../bundle/build.ts'
import { TEST_TYPES } from '../testing/types.ts'
import { compile, compileDocument, type Compiled } from './compile.ts'
import { definePolicy } from './define.ts'
import { memorySource } from './source.ts'

const sha256 = (bytes: Uint8Array): Uint8Array => new Uint8Array(createHash('sha256').update(bytes).digest())
const files = { 'd.yaml': 'port: 81\n', 't.liquid': '{{ vars.port }}\n', 'a/b': 'B' }

function cid({ policy, files: used, diagnostics }: Compiled): string {
  if (policy === undefined) throw new Error(diagnostics.map((item) => item.message).join('\n'))
  return buildBundle(policy, used, sha256).root.cid
}

const problems = (document: unknown): string[] =>
  compileDocument(document, memorySource(files), { types: TEST_TYPES }).diagnostics.map(
    ({ code, file, message }) => `${code} ${file} ${message}`,
  )

describe('a policy written as a program', () => {
  it('has the bundle of its twin in YAML', () => {
    const program = definePolicy({
      policy: 'web/site',
      select: "labels.role == 'web'",
      vars: { port: 80 },
      data: ['d.yaml'],
      resources: {
        'file/a': { path: '/a', template: 't.liquid', owner: undefined },
        'file/b': { path: '/b/${vars.port}', source: 'a/b', require: ['file/a'], when: true },
      },
    })
    const yaml =
      'policy: web/site\nselect: labels.role == \'web\'\nvars: {port: 80}\ndata: [d.yaml]\nresources:\n  file/a: {path: /a, template: t.liquid}\n  file/b: {path: "/b/${vars.port}", source: a/b, require: [file/a], when: true}\n'
    expect(cid(compileDocument(program, memorySource(files), { types: TEST_TYPES }))).toBe(
      cid(compile(memorySource({ ...files, 'policy.yaml': yaml }), { types: TEST_TYPES })),
    )
  })

  it.each<[string, unknown, string]>([
    ['nothing', undefined, 'E_VALUE policy.ts The policy is not a plain value.'],
    [
      'a function',
      { policy: 'a/b', select: 'true', resources: { 'file/a': { path: () => 1 } } },
      'E_VALUE policy.ts resources.file/a.path is not a plain value.',
    ],
    [
      'a number with a point',
      { policy: 'a/b', select: 'true', vars: { x: 1.5 }, resources: {} },
      'E_VALUE policy.ts vars.x is not a plain value.',
    ],
    [
      'a date',
      { policy: 'a/b', select: 'true', vars: { x: new Date(0) }, resources: {} },
      'E_VALUE policy.ts vars.x is not a plain value.',
    ],
    [
      'a wrong attribute',
      { policy: 'a/b', select: 'true', resources: { 'file/a': { path: '/a', mod: 'x' } } },
      "E_UNKNOWN_KEY policy.ts file/a: there is no attribute 'mod'. Did you mean 'mode'?",
    ],
  ])('is checked like any other: %s', (_what, document, problem) => {
    expect(problems(document)).toContain(problem)
  })

  it('may not contain itself', () => {
    const loop: Record<string, unknown> = {}
    Object.assign(loop, { vars: loop, data: loop, after: loop })
    expect(problems(loop)).toContainEqual(expect.stringMatching(/^E_YAML_DEPTH /))
  })
})
