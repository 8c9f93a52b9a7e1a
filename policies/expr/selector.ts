import { PolicyError } from '../errors.ts'
import type { NodeContext } from '../model.ts'
import { expression } from './expression.ts'
import { didYouMean } from './suggest.ts'
import type { Scope } from './run.ts'

/** What a selector says of a node. An error never selects; it is to be shown as an alarm. */
export interface Selection {
  readonly selected: boolean
  readonly error?: PolicyError
}

/** Names that `select` may use. A grant's selector and a rollout may use `labels` only. */
export const SELECTOR_ROOTS = ['labels', 'facts', 'node'] as const

/** The names that a node offers, as the scope of an expression. */
export function nodeScope(context: NodeContext): Scope {
  return { labels: context.labels, facts: context.facts, node: { name: context.node.name, id: context.node.id } }
}

/**
 * Whether `text` selects the node. What is absent is null, and every comparison with null is false.
 * Compiled once; about a microsecond after that.
 */
export function evaluateSelector(text: string, context: NodeContext): Selection {
  return evaluateCondition(text, nodeScope(context))
}

/** As `evaluateSelector`, over other names: a simulation also knows regions and groups. */
export function evaluateCondition(text: string, scope: Scope): Selection {
  try {
    return expression(text, 'condition').test(scope) ? SELECTED : NOT_SELECTED
  } catch (error) {
    if (error instanceof PolicyError) return { selected: false, error }
    throw error
  }
}

const SELECTED: Selection = { selected: true }
const NOT_SELECTED: Selection = { selected: false }

/**
 * Checks a selector before it is published or granted.
 *
 * @throws PolicyError E_SELECT if it is empty or uses a name that is not in `roots`; E_EXPR, E_EXPR_LIMIT if it does not compile
 */
export function checkSelector(text: string, roots: readonly string[] = SELECTOR_ROOTS): void {
  if (text.trim() === '') {
    throw new PolicyError('E_SELECT', 'the selector is empty', { hint: 'Write "true" to select every node.' })
  }
  for (const { root, offset } of expression(text, 'condition').references) {
    if (roots.includes(root)) continue
    throw new PolicyError(
      'E_SELECT',
      `a selector cannot use '${root}', only ${roots.join(', ')}.${didYouMean(root, roots)}`,
      {
        offset,
        hint: `If it is meant as text, put it in quotes: '${root}'.`,
      },
    )
  }
}
