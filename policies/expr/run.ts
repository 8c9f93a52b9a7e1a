import { PolicyError } from '../errors.ts'
import { LIMITS } from '../limits.ts'
import type { ExprValue } from './value.ts'

/** The names that an expression may use, as own properties: `labels`, `facts`, `node`, `vars`, `each`. */
export interface Scope {
  readonly [root: string]: ExprValue
}

/**
 * How null behaves. In a `condition` (`select`, `when`) an absent label or fact is null, every comparison with null is
 * false and every other operation on null gives null. In a `value` (`${...}` elsewhere) it is an error, so that a
 * misspelt label never becomes an empty configuration.
 */
export type Mode = 'condition' | 'value'

/** The state of one evaluation. */
export class Run {
  readonly scope: Scope
  /** Variables of the loops around the current node, by depth. */
  readonly slots: ExprValue[] = []
  #stepsLeft: number = LIMITS.exprSteps

  constructor(scope: Scope) {
    this.scope = scope
  }

  /** Pays for work. @throws PolicyError E_EXPR_LIMIT when the evaluation has used up its steps */
  charge(steps: number): void {
    this.#stepsLeft -= steps
    if (this.#stepsLeft < 0) {
      throw new PolicyError('E_EXPR_LIMIT', `the expression takes more than ${LIMITS.exprSteps} steps`)
    }
  }

  /** Checks and pays for a text that is about to be built. */
  chargeText(chars: number): void {
    if (chars > LIMITS.exprTextChars) {
      throw new PolicyError(
        'E_EXPR_LIMIT',
        `the expression builds a text of more than ${LIMITS.exprTextChars} characters`,
      )
    }
    this.charge(chars >> 4)
  }
}

/** A compiled node. */
export interface Code {
  run(run: Run): ExprValue
  /** Steps of one execution, loops aside: those pay for themselves. */
  readonly cost: number
  /** Whether it reads labels or facts, where what is absent is null. */
  readonly lenient: boolean
}
