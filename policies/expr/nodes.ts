import type { ASTNode } from '@marcbachmann/cel-js'
import { PolicyError } from '../errors.ts'
import { failAt, readField } from './fields.ts'
import { FUNCTIONS, METHODS, type ExprFunction } from './functions.ts'
import { isLoop, loopFor, runLoop } from './macros.ts'
import { operatorFor } from './operators.ts'
import { checkPattern } from './regex.ts'
import type { Code, Mode, Run } from './run.ts'
import { didYouMean } from './suggest.ts'
import { kindOf, type ExprValue } from './value.ts'

/** A name that an expression takes from its scope: `vars.port` is `{root: 'vars', field: 'port'}`. */
export interface Reference {
  readonly root: string
  readonly field: string | undefined
  readonly offset: number
}

/** What is known while the nodes of one expression are compiled. */
export interface Around {
  readonly text: string
  readonly mode: Mode
  /** Loop variables in sight, outermost first, and whether each may be null by the null rule. */
  readonly locals: readonly { readonly name: string; readonly lenient: boolean }[]
  /** Whether absent fields give null: inside `has(...)`. */
  readonly probing: boolean
  readonly references: Reference[]
}

const LENIENT_ROOTS: ReadonlySet<string> = new Set(['labels', 'facts'])

/** Gives errors of operators and functions the place of the node that they happened in. */
function placed(node: ASTNode, run: (run: Run) => ExprValue): (run: Run) => ExprValue {
  return (r) => {
    try {
      return run(r)
    } catch (error) {
      throw error instanceof PolicyError ? atNode(node, error) : error
    }
  }
}

function atNode(node: ASTNode, error: PolicyError): PolicyError {
  if (error.offset !== undefined) return error
  const hint = error.hint === undefined ? {} : { hint: error.hint }
  return new PolicyError(error.code, error.message, { offset: node.start, ...hint })
}

const constant = (value: ExprValue): Code => ({ cost: 1, lenient: false, run: () => value })

/** Turns a parsed node into a function. @throws PolicyError E_EXPR for what this language does not have */
export function compileNode(node: ASTNode, around: Around): Code {
  const c = (child: ASTNode): Code => compileNode(child, around)
  switch (node.op) {
    case 'value':
      return compileLiteral(node)
    case 'id':
      return compileName(node, node.args, undefined, around)
    case '.':
      if (isRoot(node.args[0], around)) return compileName(node.args[0], node.args[0].args, node.args[1], around)
      return compileField(node, c(node.args[0]), constant(node.args[1]), around)
    case '[]':
      return compileField(node, c(node.args[0]), c(node.args[1]), around)
    case 'list':
      return compileList(node.args.map(c))
    case 'map':
      return compileMap(node, around)
    case 'call':
      return compileCall(node, node.args[0], node.args[1], around)
    case 'rcall':
      return compileMethod(node, node.args[0], node.args[1], node.args[2], around)
    case '?:':
      return compileChoice(node.args[0], c(node.args[0]), c(node.args[1]), c(node.args[2]), around)
    case '||':
    case '&&':
      return compileLogic(node.op === '||', node.args, around)
    case '!_': {
      const operand = c(node.args)
      const operandNode = node.args
      return { ...operand, cost: operand.cost + 1, run: (r) => !truth(operand.run(r), operandNode, around.mode) }
    }
    case '-_':
      return compileBinary(node, '-', constant(0), c(node.args), around)
    case '.?':
    case '[?]':
      throw failAt(node, 'optional access is not part of this language', 'Test with has(...).')
    default:
      return compileBinary(node, node.op, c(node.args[0]), c(node.args[1]), around)
  }
}

function isRoot(node: ASTNode, around: Around): node is Extract<ASTNode, { op: 'id' }> {
  return node.op === 'id' && !around.locals.some((local) => local.name === node.args)
}

function compileLiteral(node: Extract<ASTNode, { op: 'value' }>): Code {
  const value = node.args
  if (typeof value === 'bigint') {
    const number = Number(value)
    if (!Number.isSafeInteger(number)) throw failAt(node, `${value} is beyond 2^53-1`)
    return constant(number)
  }
  if (typeof value === 'object' && value !== null) {
    throw failAt(node, 'bytes and unsigned numbers are not part of this language', 'Use a text or a plain number.')
  }
  return constant(value)
}

/** A loop variable, or a name of the scope with its first field (`labels.role`), which is by far the usual case. */
function compileName(node: ASTNode, name: string, field: string | undefined, around: Around): Code {
  const local = around.locals.findLastIndex((candidate) => candidate.name === name)
  if (local >= 0) {
    return { cost: 1, lenient: around.locals[local]?.lenient ?? false, run: (r) => r.slots[local] ?? null }
  }
  around.references.push({ root: name, field, offset: node.start })
  const lenient = LENIENT_ROOTS.has(name)
  const absentIsNull = around.probing || (lenient && around.mode === 'condition')
  const read = (r: Run): ExprValue => {
    const root = Object.hasOwn(r.scope, name) ? r.scope[name] : undefined
    if (root === undefined) {
      throw failAt(node, `'${name}' is not known here.${didYouMean(name, Object.keys(r.scope))}`, quoteHint(name))
    }
    if (field === undefined) return root
    return readField(root, field, absentIsNull, node, name)
  }
  return { cost: 1, lenient, run: read }
}

function quoteHint(name: string): string {
  return `If it is meant as text, put it in quotes: '${name}'.`
}

function compileField(node: ASTNode, from: Code, field: Code, around: Around): Code {
  const absentIsNull = around.probing || (from.lenient && around.mode === 'condition')
  const what = around.text.slice(node.start, node.op === '.' ? node.args[0].end : node.end)
  return {
    cost: from.cost + field.cost + 1,
    lenient: from.lenient,
    run: (r) => readField(from.run(r), field.run(r), absentIsNull, node, what),
  }
}

function compileList(items: readonly Code[]): Code {
  return { ...sum(items), run: (r) => items.map((item) => item.run(r)) }
}

function compileMap(node: Extract<ASTNode, { op: 'map' }>, around: Around): Code {
  const entries = node.args.map(([key, value]) => [compileNode(key, around), compileNode(value, around)] as const)
  const run = (r: Run): ExprValue => {
    const made: Record<string, ExprValue> = {}
    for (const [key, value] of entries) {
      const name = key.run(r)
      if (typeof name !== 'string') throw failAt(node, `the key of a map must be a text, not ${kindOf(name)}`)
      if (name === '__proto__') throw failAt(node, "'__proto__' cannot be the key of a map")
      made[name] = value.run(r)
    }
    return made
  }
  return { ...sum(entries.flat()), run }
}

function compileChoice(at: ASTNode, condition: Code, yes: Code, no: Code, around: Around): Code {
  return {
    ...sum([condition, yes, no]),
    run: (r) => (truth(condition.run(r), at, around.mode) ? yes.run(r) : no.run(r)),
  }
}

/** As CEL has it, an error on one side does not matter if the other side decides; running out of steps always does. */
function compileLogic(deciding: boolean, sides: readonly [ASTNode, ASTNode], around: Around): Code {
  const [left, right] = [compileNode(sides[0], around), compileNode(sides[1], around)]
  const run = (r: Run): boolean => {
    let first: boolean
    try {
      first = truth(left.run(r), sides[0], around.mode)
    } catch (error) {
      if (!(error instanceof PolicyError) || error.code === 'E_EXPR_LIMIT') throw error
      if (truth(right.run(r), sides[1], around.mode) === deciding) return deciding
      throw error
    }
    return first === deciding ? deciding : truth(right.run(r), sides[1], around.mode)
  }
  return { ...sum([left, right]), run }
}

/** A boolean; null counts as false in a condition. */
export function truth(value: ExprValue, node: ASTNode, mode: Mode): boolean {
  if (typeof value === 'boolean') return value
  if (value === null && mode === 'condition') return false
  throw failAt(node, `true or false is needed here, not ${kindOf(value)}`)
}

function compileBinary(node: ASTNode, op: string, left: Code, right: Code, around: Around): Code {
  const operands = Array.isArray(node.args) ? node.args : []
  const namesNull = operands.some((side) => isNullLiteral(side))
  const operator = operatorFor(op, around.mode, namesNull)
  if (operator === undefined) throw failAt(node, `the operator '${op}' is not part of this language`)
  return { ...sum([left, right]), run: placed(node, (r) => operator(r, left.run(r), right.run(r))) }
}

function isNullLiteral(side: unknown): boolean {
  return (
    typeof side === 'object' &&
    side !== null &&
    'op' in side &&
    side.op === 'value' &&
    'args' in side &&
    side.args === null
  )
}

function compileCall(node: ASTNode, name: string, args: readonly ASTNode[], around: Around): Code {
  if (name === 'has') return compileHas(node, args, around)
  return compileFunction(node, FUNCTIONS, name, args, around)
}

/** `has(x.y)`: whether it is there and not null. Nothing on the way to it needs to be there. */
function compileHas(node: ASTNode, args: readonly ASTNode[], around: Around): Code {
  const [arg] = args
  if (args.length !== 1 || arg === undefined || (arg.op !== '.' && arg.op !== '[]')) {
    throw failAt(node, 'has(...) takes one field, as in has(labels.role)')
  }
  const field = compileNode(arg, { ...around, probing: true })
  return { cost: field.cost + 1, lenient: false, run: (r) => field.run(r) !== null }
}

function compileFunction(
  node: ASTNode,
  table: Readonly<Record<string, ExprFunction>>,
  name: string,
  args: readonly ASTNode[],
  around: Around,
): Code {
  const found = Object.hasOwn(table, name) ? table[name] : undefined
  if (found === undefined)
    throw failAt(node, `there is no function '${name}'.${didYouMean(name, [...Object.keys(table), 'has'])}`)
  const receivers = table === METHODS ? 1 : 0
  const [min, max] = found.args
  const given = args.length - receivers
  if (given < min || given > max) {
    throw failAt(
      node,
      `${name}(...) takes ${min === max ? min : `${min} to ${max}`} ${max === 1 ? 'argument' : 'arguments'}, not ${given}`,
    )
  }
  if (name === 'matches') checkLiteralPattern(args[1])
  const codes = args.map((arg) => compileNode(arg, around))
  const run = (r: Run): ExprValue => {
    const values = codes.map((code) => code.run(r))
    // The null rule: in a condition, what is asked of an absent label or fact is absent too.
    if (around.mode === 'condition' && values.includes(null)) return null
    return found.call(r, ...values)
  }
  return { ...sum(codes), run: placed(node, run) }
}

function checkLiteralPattern(node: ASTNode | undefined): void {
  if (node?.op !== 'value' || typeof node.args !== 'string') return
  try {
    checkPattern(node.args)
  } catch (error) {
    throw error instanceof PolicyError ? atNode(node, error) : error
  }
}

function compileMethod(node: ASTNode, name: string, on: ASTNode, args: readonly ASTNode[], around: Around): Code {
  if (!isLoop(name)) return compileFunction(node, METHODS, name, [on, ...args], around)
  const loop = loopFor(name, args.length)
  const [variable, ...body] = args
  if (loop === undefined || variable?.op !== 'id') {
    throw failAt(node, `${name}(...) takes a name and an expression, as in list.${name}(x, x == 1)`)
  }
  const range = compileNode(on, around)
  const slot = around.locals.length
  const inner = { ...around, locals: [...around.locals, { name: variable.args, lenient: range.lenient }] }
  const codes = body.map((part) => compileNode(part, inner))
  const run = (r: Run): ExprValue => {
    const items = range.run(r)
    return items === null && around.mode === 'condition' ? null : runLoop(r, loop, items, slot, codes)
  }
  return { cost: range.cost + 1, lenient: range.lenient, run: placed(node, run) }
}

function sum(codes: readonly Code[]): Pick<Code, 'cost' | 'lenient'> {
  return { cost: codes.reduce((total, code) => total + code.cost, 1), lenient: codes.some((code) => code.lenient) }
}
