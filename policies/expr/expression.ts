import { Environment, ParseError, type ASTNode } from '@marcbachmann/cel-js'
import { PolicyError } from '../errors.ts'
import { LIMITS } from '../limits.ts'
import { BoundedCache } from './cache.ts'
import { compileNode, truth, type Reference } from './nodes.ts'
import { Run, type Mode, type Scope } from './run.ts'
import type { ExprValue } from './value.ts'

/** A parsed and compiled CEL expression: immutable, shared by everyone who has the same text. */
export interface Expression {
  readonly text: string
  /** Names that it takes from its scope, in order. */
  readonly references: readonly Reference[]
  /** @throws PolicyError E_EXPR, E_EXPR_LIMIT */
  evaluate(scope: Scope): ExprValue
  /** As `evaluate`, for a condition. @throws PolicyError also if the result is neither true, false nor null */
  test(scope: Scope): boolean
}

/**
 * cel-js parses; the evaluation is ours. Its own evaluator has no step limit, runs `matches` on JavaScript's RegExp,
 * has functions that read time zones, and cannot express the null rule of conditions.
 */
const parser = new Environment({
  unlistedVariablesAreDyn: true,
  limits: { maxAstNodes: LIMITS.exprNodes, maxDepth: LIMITS.exprDepth, maxListElements: 1_000, maxMapEntries: 1_000 },
})

const cache = {
  condition: new BoundedCache<Expression>(LIMITS.exprCache),
  value: new BoundedCache<Expression>(LIMITS.exprCache),
} satisfies Record<Mode, BoundedCache<Expression>>

/**
 * Compiles `text`, or finds it compiled.
 *
 * @throws PolicyError E_EXPR if it does not parse or uses what this language does not have; E_EXPR_LIMIT if it is too large
 */
export function expression(text: string, mode: Mode): Expression {
  return cache[mode].get(text, () => compileExpression(text, mode))
}

function compileExpression(text: string, mode: Mode): Expression {
  if (text.length > LIMITS.exprChars) {
    throw new PolicyError(
      'E_EXPR_LIMIT',
      `the expression has ${text.length} characters, the limit is ${LIMITS.exprChars}`,
    )
  }
  return expressionOf(parseExpression(text), text, mode)
}

/** A tree that was parsed from `text`, or a part of one, as an expression. */
export function expressionOf(ast: ASTNode, text: string, mode: Mode): Expression {
  const references: Reference[] = []
  const code = compileNode(ast, { text, mode, locals: [], probing: false, references })
  return {
    text,
    references,
    evaluate: (scope) => code.run(new Run(scope)),
    test: (scope) => truth(code.run(new Run(scope)), ast, mode),
  }
}

/** The tree of an expression that is not too long. @throws PolicyError E_EXPR, E_EXPR_LIMIT */
export function parseExpression(text: string): ASTNode {
  try {
    return parser.parse(text).ast
  } catch (error) {
    if (error instanceof ParseError) {
      const offset = error.range === undefined ? {} : { offset: error.range.start }
      const code = error.code === 'limit_exceeded' ? 'E_EXPR_LIMIT' : 'E_EXPR'
      const [why, hint] = explain(error.summary, text)
      throw new PolicyError(code, `the expression does not parse: ${why}`, {
        ...offset,
        ...(hint === undefined ? {} : { hint }),
      })
    }
    if (error instanceof RangeError) throw new PolicyError('E_EXPR_LIMIT', 'the expression is nested too deeply')
    throw error
  }
}

/** What the parser says, in words of this language, and what to do where that is known. */
function explain(summary: string, text: string): readonly [why: string, hint?: string] {
  if (/[^\w.](and|or|not) /i.test(text) && summary.startsWith('Unexpected character'))
    return ['and, or and not are no operators', 'Write && for and, || for or, ! for not.']
  if (summary === 'Unexpected character: $')
    return ['$ alone means nothing', 'This is an expression already: write it without ${ and }.']
  if (summary.endsWith('EOF')) return ['it ends too early']
  if (summary === 'Unexpected character: =') return ['= alone means nothing', 'Compare with ==.']
  if (summary === 'Unexpected character: &') return ['& alone means nothing', 'Write && for and.']
  if (summary === 'Unexpected character: |')
    return ['| alone means nothing', 'Write || for or; there are no filters here, only functions.']
  if (summary.includes('iteration variable'))
    return ['a loop takes a name and an expression', 'As in list.map(x, x + 1).']
  return [summary.slice(0, 1).toLowerCase() + summary.slice(1)]
}
