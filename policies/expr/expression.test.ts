import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { PolicyError } from '../errors.ts'
import { expression } from './expression.ts'
import type { Mode, Scope } from './run.ts'

const scope: Scope = {
  labels: { role: 'web', env: 'prod', os: '12.5', 'with-dash': 'x' },
  facts: { cpus: 4, disks: [{ name: 'sda', size: 10 }, { name: 'sdb' }], virtual: true },
  node: { name: 'web-1', id: 'id-1' },
  vars: { port: 443, list: [3, 1, 2], map: { b: 1, a: 2 }, empty: {} },
}

const value = (text: string): unknown => expression(text, 'value').evaluate(scope)
const holds = (text: string): boolean => expression(text, 'condition').test(scope)

function failure(text: string, mode: Mode = 'value'): { code: string; message: string; offset: number | undefined } {
  try {
    const compiled = expression(text, mode)
    if (mode === 'condition') compiled.test(scope)
    else compiled.evaluate(scope)
  } catch (error) {
    if (error instanceof PolicyError) return { code: error.code, message: error.message, offset: error.offset }
    throw error
  }
  throw new Error(`${text} did not fail`)
}

describe('an expression', () => {
  it.each<[string, unknown]>([
    ['1 + 2 * 3', 7],
    ['7 / 2', 3],
    ['-7 / 2', -3],
    ['7 % 4', 3],
    ['-vars.port', -443],
    ["'a' + 'b'", 'ab'],
    ['[1] + [2]', [1, 2]],
    ["{'a': 1}.a", 1],
    ["labels['with-dash']", 'x'],
    ['vars.list[1]', 1],
    ["vars.port == 443 ? 'tls' : 'plain'", 'tls'],
    ['size(vars.list)', 3],
    ["size('äöü')", 3],
    ["string(443) + '!'", '443!'],
    ["int('42') + 1", 43],
    ['keys(vars.map)', ['a', 'b']],
    ["'a,b'.split(',')", ['a', 'b']],
    ["['a', 'b'].join('-')", 'a-b'],
    ["'WEB'.lowerAscii()", 'web'],
    ["'web'.upperAscii()", 'WEB'],
    ["' a '.trim()", 'a'],
    ["'aXbX'.replace('X', '.')", 'a.b.'],
    ["'abcd'.substring(1, 3)", 'bc'],
    ["'abc'.indexOf('c')", 2],
    ['vars.list.map(x, x * 2)', [6, 2, 4]],
    ['vars.list.map(x, x > 1, x * 2)', [6, 4]],
    ['vars.list.filter(x, x > 1)', [3, 2]],
    ['vars.list.all(x, x > 0)', true],
    ['vars.list.exists(x, x == 2)', true],
    ['vars.list.exists_one(x, x > 1)', false],
    ["vars.map.map(k, k + '=' + string(vars.map[k]))", ['a=2', 'b=1']],
    [
      '[1, 2].map(x, [3, 4].map(y, x * y))',
      [
        [3, 4],
        [6, 8],
      ],
    ],
    ['2 in vars.list', true],
    ["'a' in vars.map", true],
    ['has(vars.map.a)', true],
    ['has(vars.map.z)', false],
    ['has(vars.nothing.at.all)', false],
    ["1 == '1'", false],
    ['[1, 2] == [1, 2]', true],
    ["{'a': [1]} == {'a': [1]}", true],
  ])('%s', (text, wanted) => {
    expect(value(text)).toEqual(wanted)
  })

  it('compares versions as versions', () => {
    expect(value("version('10') > version('9')")).toBe(true)
    expect(holds("version(labels.os) >= version('12')")).toBe(true)
    expect(failure("version('10') > '9'").message).toContain('a version > a text')
  })

  it('decides && and || even if the other side fails, as CEL does', () => {
    expect(value('vars.nothing == 1 || true')).toBe(true)
    expect(value('vars.nothing == 1 && false')).toBe(false)
    expect(failure('vars.nothing == 1 && true').code).toBe('E_EXPR')
  })
})

describe('the null rule', () => {
  it.each([
    "labels.absent == 'web'",
    "labels.absent != 'web'",
    'facts.absent < 3',
    'facts.absent >= 3',
    "labels.absent in ['a']",
    "labels.absent.startsWith('a')",
    "labels.absent.matches('a')",
    "version(labels.absent) > version('1')",
    'facts.a.b.c == 1',
    'facts.absent',
    'facts.absent + 1 == 1',
    'facts.absent.exists(x, x == 1)',
    "facts.disks.exists(d, d.size > 100 && d.name == 'sdb')",
    'has(labels.absent)',
  ])('makes %s false in a condition, never an error', (text) => {
    expect(holds(text)).toBe(false)
  })

  it('lets a condition ask for what is absent', () => {
    expect(holds('labels.absent == null')).toBe(true)
    expect(holds('labels.role != null')).toBe(true)
    expect(holds("!(labels.absent == 'prod')")).toBe(true)
  })

  it('does not hide other mistakes', () => {
    expect(failure('vars.absent == 1', 'condition').message).toContain("vars has no 'absent'")
    expect(failure('labels.role', 'condition').message).toBe('true or false is needed here, not a text')
    expect(failure('labels.role > 3', 'condition').code).toBe('E_EXPR')
  })

  it('does not hold where a value is wanted', () => {
    expect(failure('labels.absent').message).toContain("labels has no 'absent'")
  })
})

describe('a wrong expression', () => {
  it.each<[string, string, number]>([
    ["labels.role = 'web'", 'the expression does not parse: = alone means nothing', 12],
    ['1 +', 'the expression does not parse: it ends too early', 3],
    ['web', "'web' is not known here.", 0],
    ['vars.prot', "vars has no 'prot'. Did you mean 'port'?", 0],
    ['vars.list[7]', 'vars.list[7] has 3 items, none at position 7', 0],
    ['sise(vars.list)', "there is no function 'sise'. Did you mean 'size'?", 0],
    ["'a'.startWith('b')", "there is no function 'startWith'. Did you mean 'startsWith'?", 0],
    ["size('a', 'b')", 'size(...) takes 1 argument, not 2', 0],
    ['1 / 0', '1 / 0 divides by zero', 0],
    ['9007199254740991 + 1', '9007199254740991 + 1 is beyond 2^53-1', 0],
    ['9007199254740993', '9007199254740993 is beyond 2^53-1', 0],
    ["'a' + 1", 'a text + a number has no meaning', 0],
    ["'a'.matches('(?=x)')", "'(?=x)' is not a pattern of RE2", 12],
    ["int('x')", "int('x') is not a whole number", 0],
    ["b'x'", 'bytes and unsigned numbers are not part of this language', 0],
    ["timestamp('2020-01-01T00:00:00Z')", "there is no function 'timestamp'.", 0],
    ['[1].map(1, 2)', 'a loop takes a name and an expression', 8],
  ])('%s', (text, message, offset) => {
    const found = failure(text)
    expect(found.message).toContain(message)
    expect([found.code, found.offset]).toEqual(['E_EXPR', offset])
  })
})

describe('a hostile expression', () => {
  it.each<[string, string]>([
    ['nested brackets', `${'['.repeat(500)}${']'.repeat(500)}`],
    ['nested parentheses', `${'('.repeat(1000)}1${')'.repeat(1000)}`],
    ['a chain of !', `${'!'.repeat(4000)}true`],
    ['a long sum', `${'1+'.repeat(1900)}1`],
    ['a long text', `'${'x'.repeat(5000)}'`],
    ['loops in loops', `${'[1,2,3,4,5,6,7,8,9,10].all(a, '.repeat(8)}true${')'.repeat(8)}`],
    ['a text that doubles', `${"['x','x','x','x','x','x','x','x'].map(a, ".repeat(7)}'x'${')'.repeat(7)}`],
    ['a pattern that is too long', `'a'.matches('${'a'.repeat(1001)}')`],
  ])('stops: %s', (_what, text) => {
    const start = process.cpuUsage().user
    expect(failure(text).code).toBe('E_EXPR_LIMIT')
    expect((process.cpuUsage().user - start) / 1000).toBeLessThan(1000)
  })

  it('matches in linear time where backtracking would never end', () => {
    const start = process.cpuUsage().user
    expect(
      expression("vars.text.matches('^(a+)+$')", 'value').evaluate({ vars: { text: `${'a'.repeat(20_000)}!` } }),
    ).toBe(false)
    expect((process.cpuUsage().user - start) / 1000).toBeLessThan(1000)
  })

  it.each(['constructor', '__proto__', 'toString', 'hasOwnProperty', 'valueOf'])(
    'reaches no prototype by %s',
    (name) => {
      expect(failure(`vars.${name}`).code).toBe('E_EXPR')
      expect(failure(`vars['${name}']`).code).toBe('E_EXPR')
      expect(failure(`'text'.${name}()`).code).toBe('E_EXPR')
      expect(failure(name).code).toBe('E_EXPR')
      expect(holds(`labels.${name} == 1`)).toBe(false)
      expect(holds(`'${name}' in labels`)).toBe(false)
    },
  )

  it('makes no map with a __proto__', () => {
    expect(failure("{'__proto__': {'x': 1}}").code).toBe('E_EXPR')
  })

  it('either gives a value or a PolicyError, whatever its text', () => {
    const tokens = [
      'vars.',
      'labels.',
      'port',
      'list',
      '[',
      ']',
      '(',
      ')',
      '{',
      '}',
      '!',
      '-',
      '+',
      '&&',
      '||',
      '==',
      '<',
      ' in ',
      "'a'",
      '1',
      ',',
      '.',
      'has',
      'size',
      '.map(x,',
      'x',
      '?',
      ':',
      'null',
      '"',
      "'",
      '\\',
    ]
    const soup = fc.array(fc.constantFrom(...tokens), { maxLength: 20 }).map((parts) => parts.join(''))
    fc.assert(
      fc.property(soup, fc.constantFrom<Mode>('value', 'condition'), (text, mode) => {
        try {
          expression(text, mode).evaluate(scope)
        } catch (error) {
          expect(error).toBeInstanceOf(PolicyError)
        }
      }),
      { numRuns: 2000 },
    )
  })
})
