import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { PolicyError } from '../errors.ts'
import { LIMITS } from '../limits.ts'
import type { CompiledPolicy, Value } from '../model.ts'
import { encodeCanonical } from './cbor.ts'
import { encodePolicy, readPolicy, usesOf } from './policy.ts'

const at = { file: 'policy.yaml', line: 0, column: 0 }
const policy: CompiledPolicy = {
  v: 1,
  policy: 'web/site',
  select: 'true',
  after: ['base/apt'],
  vars: { a: 1 },
  data: ['d/${labels.env}.yaml'],
  layers: { 'd/prod.yaml': { a: 2 } },
  templates: { t: 'x' },
  resources: [
    { key: 'file/a', type: 'file', attrs: { path: '/a' }, at },
    { key: 'exec/b', type: 'exec', attrs: {}, at },
    { key: 'file/c', type: 'file', attrs: {}, at },
  ],
  extra: { priority: 1 },
}

function codeOf(value: unknown): string {
  try {
    readPolicy(encodeCanonical(value))
  } catch (error) {
    if (error instanceof PolicyError) return error.code
    throw error
  }
  return 'right'
}

const plain = (more: Record<string, unknown> = {}): Record<string, unknown> => ({
  ...policy,
  resources: policy.resources.map(({ key, type, attrs }) => ({ key, type, attrs })),
  ...more,
})

describe('a compiled policy in a bundle', () => {
  it('comes back as it was, without the places of its resources', () => {
    expect(readPolicy(encodePolicy(policy))).toEqual(policy)
    const moved = policy.resources.map((resource) => ({ ...resource, at: { file: 'x', line: 7, column: 7 } }))
    expect(encodePolicy({ ...policy, resources: moved })).toEqual(encodePolicy(policy))
  })

  it('comes back with any values', () => {
    const { value } = fc.letrec<{ value: Value }>((tie) => ({
      value: fc.oneof(
        { maxDepth: 4 },
        fc.constant(null),
        fc.boolean(),
        fc.maxSafeInteger().map((number) => number || 0),
        fc.string({ unit: 'grapheme' }),
        fc.array(tie('value'), { maxLength: 4 }),
        fc.dictionary(
          fc.string().filter((key) => key !== '__proto__'),
          tie('value'),
          { maxKeys: 4, noNullPrototype: true },
        ),
      ),
    }))
    fc.assert(
      fc.property(value, (vars) => {
        expect(readPolicy(encodePolicy({ ...policy, vars: { vars } })).vars).toEqual({ vars })
      }),
    )
  })

  it.each<[string, unknown, string]>([
    ['right', plain(), 'right'],
    ['a newer version', plain({ v: 2 }), 'E_POLICY_SCHEMA'],
    ['an unknown part', plain({ newer: {} }), 'E_POLICY_SCHEMA'],
    [
      'an unknown part of a resource',
      plain({ resources: [{ key: 'a/b', type: 'a', attrs: {}, newer: 1 }] }),
      'E_POLICY_SCHEMA',
    ],
    ['a missing part', plain({ vars: null }), 'E_POLICY_SCHEMA'],
    ['a wrong name', plain({ policy: '../x' }), 'E_POLICY_SCHEMA'],
    ['bytes as a value', plain({ vars: { a: new Uint8Array(1) } }), 'E_POLICY_SCHEMA'],
    ['a number with a point', plain({ vars: { a: 1.5 } }), 'E_POLICY_SCHEMA'],
    ['no map', [], 'E_POLICY_SCHEMA'],
    ['an empty select', plain({ select: '' }), 'E_POLICY_SCHEMA'],
  ])('%s', (_what, value, code) => {
    expect(codeOf(value)).toBe(code)
  })

  it('is refused with a __proto__ key, which the decoder would take', () => {
    const bytes = encodePolicy({ ...policy, vars: { xxprotoxx: { y: 1 } } })
    const text = Buffer.from(bytes)
    text.write('__proto__', text.indexOf('xxprotoxx'))
    expect(() => readPolicy(new Uint8Array(text))).toThrow(PolicyError)
    expect(Object.hasOwn(Object.prototype, 'y')).toBe(false)
  })

  it('is refused above its limit, when it is written and when it is read', () => {
    const large = { ...policy, templates: { t: 'x'.repeat(LIMITS.policyBytes) } }
    expect(() => encodePolicy(large)).toThrow(expect.objectContaining({ code: 'E_TOO_LARGE' }))
    expect(() => readPolicy(new Uint8Array(LIMITS.policyBytes + 1))).toThrow(
      expect.objectContaining({ code: 'E_TOO_LARGE' }),
    )
  })

  it('says which types it uses', () => {
    expect(usesOf(policy)).toEqual(['exec', 'file'])
  })
})

describe('a policy with components and secrets', () => {
  it('reads back as it was written', () => {
    const policy: CompiledPolicy = {
      v: 1,
      policy: 'a/b',
      select: 'true',
      after: [],
      vars: {},
      data: [],
      layers: {},
      templates: {},
      resources: [
        { key: 'file/i-a', type: 'file', attrs: {}, instance: 'i', at: { file: 'policy.yaml', line: 0, column: 0 } },
      ],
      extra: {},
      instances: {
        i: { params: { x: { type: 'text', value: 'y', oneOf: ['y', 'z'] } } },
        'i-j': { within: 'i', params: {} },
      },
      secrets: { a: { age: 'a.age' }, b: { file: '/b' }, c: { exec: ['c'] } },
    }
    expect(readPolicy(encodePolicy(policy))).toEqual(policy)
    const hostile = { ...policy, secrets: { a: { age: 'x', file: '/y' } } }
    expect(() => readPolicy(encodePolicy(hostile))).toThrow(expect.objectContaining({ code: 'E_POLICY_SCHEMA' }))
  })
})
