import { FUNCTIONS, METHODS, type ExprFunction } from './functions.ts'
import { LOOP_DOCS } from './macros.ts'

/** One function of the expression language, as `chorus docs` shows it. */
export interface FunctionDoc {
  /** How it is written: `version(x)`, `x.startsWith(y)`, `list.all(x, ...)`. */
  readonly use: string
  readonly does: string
}

const NAMES = ['x', 'y', 'z']

function call(name: string, { args: [, max] }: ExprFunction, receiver: boolean): string {
  const names = NAMES.slice(0, max + (receiver ? 1 : 0))
  return receiver ? `${names[0]}.${name}(${names.slice(1).join(', ')})` : `${name}(${names.join(', ')})`
}

/** Every function that an expression can call, sorted by its use. */
export const EXPRESSION_DOCS: readonly FunctionDoc[] = [
  { use: 'has(x.y)', does: 'whether a field is there and not null; nothing on the way to it needs to be there' },
  ...Object.entries(FUNCTIONS).map(([name, one]) => ({ use: call(name, one, false), does: one.does })),
  ...Object.entries(METHODS).map(([name, one]) => ({ use: call(name, one, true), does: one.does })),
  ...LOOP_DOCS.map(({ name, args, does }) => ({ use: `list.${name}(x, ${args === 3 ? 'test, ' : ''}...)`, does })),
].toSorted((a, b) => (a.use < b.use ? -1 : 1))
