import { describe, expect, it } from 'vitest'
import { PolicyError } from '../errors.ts'
import { evaluateDeep, evaluateText, isDynamic } from './interpolate.ts'

const scope = { vars: { port: 443, on: true, list: [1, 2], map: { a: '}' }, name: 'x', none: null } }

function failure(text: string): PolicyError {
  try {
    evaluateText(text, scope)
  } catch (error) {
    if (error instanceof PolicyError) return error
    throw error
  }
  throw new Error(`${text} did not fail`)
}

describe('${...}', () => {
  it('keeps the type of an expression that is the whole text', () => {
    expect(evaluateText('${vars.port}', scope)).toBe(443)
    expect(evaluateText('${vars.on}', scope)).toBe(true)
    expect(evaluateText('${vars.list}', scope)).toEqual([1, 2])
    expect(evaluateText('${vars.none}', scope)).toBeNull()
  })

  it('converts inside text', () => {
    expect(evaluateText('port ${vars.port}, ${vars.on}!', scope)).toBe('port 443, true!')
    expect(evaluateText(' ${vars.port}', scope)).toBe(' 443')
    expect(evaluateText('${vars.name}${vars.port}', scope)).toBe('x443')
  })

  it('is literal as $${', () => {
    expect(evaluateText('$${HOME}/${vars.name}', scope)).toBe('${HOME}/x')
    expect(evaluateText('a $${', scope)).toBe('a ${')
    expect(evaluateText('$HOME $x {}', scope)).toBe('$HOME $x {}')
  })

  it('may hold braces and quotes', () => {
    expect(evaluateText("${{'a': 1}.a}", scope)).toBe(1)
    expect(evaluateText('<${vars.map.a + \'}\' + "{"}>', scope)).toBe('<}}{>')
  })

  it('goes through lists and maps, and leaves keys alone', () => {
    expect(evaluateDeep({ '${k}': ['${vars.port}', { a: '-${vars.port}' }], n: 1 }, scope)).toEqual({
      '${k}': [443, { a: '-443' }],
      n: 1,
    })
    expect(isDynamic({ a: ['x', { b: '${1}' }] })).toBe(true)
    expect(isDynamic({ a: ['$x', null, 1] })).toBe(false)
  })

  it.each<[string, string, number | undefined]>([
    ['a ${vars.port', 'has no end', 2],
    ['a ${}', 'there is nothing between ${ and }', 4],
    ['ab ${1 +}', 'the expression does not parse: it ends too early', 8],
    ['<${vars.list}>', '${vars.list}: a list has no form inside text', undefined],
    ['<${vars.map}>', 'a map has no form inside text', undefined],
    ['<${vars.none}>', 'null has no form inside text', undefined],
    ["${version('1')}", 'the result is a version', undefined],
    ['${1.5}', 'the result 1.5 is not a whole number', undefined],
  ])('fails in %s', (text, message, offset) => {
    const error = failure(text)
    expect(error.message).toContain(message)
    expect([error.code, error.offset]).toEqual(['E_EXPR', offset])
  })

  it('does not let a text grow without end', () => {
    expect(() => evaluateText('${vars.t}'.repeat(40), { vars: { t: 'x'.repeat(50_000) } })).toThrow('grows beyond')
  })
})
