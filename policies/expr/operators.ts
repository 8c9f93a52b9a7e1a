import { PolicyError } from '../errors.ts'
import type { Mode, Run } from './run.ts'
import { equal, isList, isMap, kindOf, sizeOf, type ExprValue } from './value.ts'
import { Version } from './version.ts'

type Operator = (run: Run, a: ExprValue, b: ExprValue) => ExprValue

function wrong(op: string, a: ExprValue, b: ExprValue): PolicyError {
  const mixed = a instanceof Version !== b instanceof Version
  const hint = mixed ? "Compare a version with a version: version(x) > version('9')." : undefined
  return new PolicyError('E_EXPR', `${kindOf(a)} ${op} ${kindOf(b)} has no meaning`, hint === undefined ? {} : { hint })
}

/** Pays for a comparison of two values and compares them. */
function same(run: Run, a: ExprValue, b: ExprValue): boolean {
  if (typeof a === 'object' && a !== null) run.charge(sizeOf(a, 100_000))
  return equal(a, b)
}

const ordered = (op: string, test: (order: number) => boolean): Operator => {
  return (_run, a, b) => {
    if (typeof a === 'number' && typeof b === 'number') return test(a - b)
    if (typeof a === 'string' && typeof b === 'string') return test(a < b ? -1 : a > b ? 1 : 0)
    if (a instanceof Version && b instanceof Version) return test(a.compare(b))
    throw wrong(op, a, b)
  }
}

const arithmetic = (op: string, compute: (a: number, b: number) => number): Operator => {
  return (_run, a, b) => {
    if (typeof a !== 'number' || typeof b !== 'number') throw wrong(op, a, b)
    const result = compute(a, b)
    if (Number.isInteger(a) && Number.isInteger(b) ? !Number.isSafeInteger(result) : !Number.isFinite(result)) {
      throw new PolicyError('E_EXPR', b === 0 ? `${a} ${op} 0 divides by zero` : `${a} ${op} ${b} is beyond 2^53-1`)
    }
    return result === 0 ? 0 : result
  }
}

const add = arithmetic('+', (a, b) => a + b)

function plus(run: Run, a: ExprValue, b: ExprValue): ExprValue {
  if (typeof a === 'string' && typeof b === 'string') {
    run.chargeText(a.length + b.length)
    return a + b
  }
  if (isList(a) && isList(b)) {
    run.charge(a.length + b.length)
    return [...a, ...b]
  }
  if (typeof a === 'string' || typeof b === 'string') {
    throw new PolicyError('E_EXPR', `${kindOf(a)} + ${kindOf(b)} has no meaning`, { hint: 'Convert with string(x).' })
  }
  return add(run, a, b)
}

function within(run: Run, item: ExprValue, collection: ExprValue): boolean {
  if (isList(collection)) {
    run.charge(collection.length)
    return collection.some((other) => same(run, item, other))
  }
  if (isMap(collection)) return typeof item === 'string' && Object.hasOwn(collection, item)
  throw new PolicyError('E_EXPR', `'in' needs a list or a map on its right, not ${kindOf(collection)}`)
}

const divide = (a: number, b: number): number =>
  Number.isInteger(a) && Number.isInteger(b) ? Math.trunc(a / b) : a / b

const OPERATORS: Readonly<Record<string, Operator>> = {
  '==': same,
  '!=': (run, a, b) => !same(run, a, b),
  '<': ordered('<', (order) => order < 0),
  '<=': ordered('<=', (order) => order <= 0),
  '>': ordered('>', (order) => order > 0),
  '>=': ordered('>=', (order) => order >= 0),
  in: within,
  '+': plus,
  '-': arithmetic('-', (a, b) => a - b),
  '*': arithmetic('*', (a, b) => a * b),
  '/': arithmetic('/', divide),
  '%': arithmetic('%', (a, b) => a % b),
}

const COMPARISONS: ReadonlySet<string> = new Set(['==', '!=', '<', '<=', '>', '>=', 'in'])

/** The null rule of conditions: a comparison with null is false, anything else on null is null. */
const nullSafe = (operator: Operator, whenNull: false | null): Operator => {
  return (run, a, b) => (a === null || b === null ? whenNull : operator(run, a, b))
}

const CONDITION: Readonly<Record<string, Operator>> = Object.fromEntries(
  Object.entries(OPERATORS).map(([op, operator]) => [op, nullSafe(operator, COMPARISONS.has(op) ? false : null)]),
)

/**
 * The operator `op` under the null rule of `mode`; undefined if there is none. A comparison that names `null` itself
 * asks whether a value is absent, and is never under that rule.
 */
export function operatorFor(op: string, mode: Mode, namesNull: boolean): Operator | undefined {
  const table = mode === 'condition' && !namesNull ? CONDITION : OPERATORS
  return Object.hasOwn(table, op) ? table[op] : undefined
}
