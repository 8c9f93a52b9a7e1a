import { PolicyError } from '../errors.ts'
import type { Code, Run } from './run.ts'
import { isList, isMap, kindOf, type ExprValue } from './value.ts'

/** What a loop does with the results of its body. `undefined` from `step` goes on, anything else ends the loop. */
interface Loop {
  readonly args: 2 | 3
  start(): ExprValue[]
  step(found: ExprValue[], item: ExprValue, results: readonly ExprValue[]): boolean
  end(found: readonly ExprValue[]): ExprValue
  readonly does: string
}

function bool(value: ExprValue | undefined): boolean {
  if (value === true || value === false) return value
  if (value === null) return false
  throw new PolicyError('E_EXPR', `the condition of a loop must give true or false, not ${kindOf(value ?? null)}`)
}

const LOOPS: Readonly<Record<string, readonly Loop[]>> = {
  all: [
    {
      args: 2,
      does: 'whether a condition holds for every item',
      start: () => [],
      step: (found, _item, [test]) => !bool(test) && found.push(false) > 0,
      end: (found) => found.length === 0,
    },
  ],
  exists: [
    {
      args: 2,
      does: 'whether a condition holds for at least one item',
      start: () => [],
      step: (found, _item, [test]) => bool(test) && found.push(true) > 0,
      end: (found) => found.length > 0,
    },
  ],
  exists_one: [
    {
      args: 2,
      does: 'whether a condition holds for exactly one item',
      start: () => [],
      step: (found, _item, [test]) => bool(test) && found.push(true) > 1,
      end: (found) => found.length === 1,
    },
  ],
  filter: [
    {
      args: 2,
      does: 'the items for which a condition holds',
      start: () => [],
      step: (found, item, [test]) => bool(test) && found.push(item) < 0,
      end: (found) => found,
    },
  ],
  map: [
    {
      args: 2,
      does: 'what an expression gives for each item',
      start: () => [],
      step: (found, _item, [result = null]) => found.push(result) < 0,
      end: (found) => found,
    },
    {
      args: 3,
      does: 'what the third argument gives for each item for which the second holds',
      start: () => [],
      step: (found, _item, [test, result = null]) => bool(test) && found.push(result) < 0,
      end: (found) => found,
    },
  ],
}

/** The loop called `name` with `args` arguments, if there is one. */
export function loopFor(name: string, args: number): Loop | undefined {
  return Object.hasOwn(LOOPS, name) ? LOOPS[name]?.find((loop) => loop.args === args) : undefined
}

export function isLoop(name: string): boolean {
  return Object.hasOwn(LOOPS, name)
}

/** Runs `loop` over the items of a list or the keys of a map; each round pays for its body. */
export function runLoop(run: Run, loop: Loop, range: ExprValue, slot: number, body: readonly Code[]): ExprValue {
  if (!isList(range) && !isMap(range)) {
    throw new PolicyError('E_EXPR', `only a list or a map can be looped over, not ${kindOf(range)}`)
  }
  const items = isList(range) ? range : Object.keys(range).sort()
  const cost = body.reduce((sum, code) => sum + code.cost, 1)
  const found = loop.start()
  for (const item of items) {
    run.charge(cost)
    run.slots[slot] = item
    // The last argument is only computed where the condition before it holds.
    const results: ExprValue[] = []
    for (const code of body) {
      const result = code.run(run)
      results.push(result)
      if (results.length < body.length && !bool(result)) break
    }
    if (loop.step(found, item, results)) break
  }
  return loop.end(found)
}

/** Names and uses, for `chorus docs`. */
export const LOOP_DOCS: readonly { readonly name: string; readonly args: number; readonly does: string }[] =
  Object.entries(LOOPS).flatMap(([name, loops]) => loops.map((loop) => ({ name, args: loop.args, does: loop.does })))
