import type { Grant, Labels } from '../records/types.ts'
import type { Law } from './law.ts'
import type { State } from './state.ts'
import type { NodeIdentity, Winner } from './types.ts'
import { winnerFor } from './versions.ts'
import type { Selects } from './versions.ts'

/**
 * Winners of one ledger, remembered by the labels that they were asked for: nodes with the same labels object have the
 * same winners, unless a grant looks at names. A ledger is a value, so they never change.
 */
export class Winners {
  readonly #byLabels = new WeakMap<Labels, Map<string, Winner>>()

  find(state: State, policy: string, node: NodeIdentity, selects: Selects): Winner {
    if (looksAtNames(state.law)) return winnerFor(state, policy, node, selects)
    let winners = this.#byLabels.get(node.labels)
    if (winners === undefined) {
      winners = new Map()
      this.#byLabels.set(node.labels, winners)
    }
    const known = winners.get(policy)
    if (known !== undefined) return known
    const winner = winnerFor(state, policy, node, selects)
    winners.set(policy, winner)
    return winner
  }
}

const named = new WeakMap<Law, boolean>()

/** Does any grant, present or past, have a selector about more than labels? */
function looksAtNames(law: Law): boolean {
  const known = named.get(law)
  if (known !== undefined) return known
  const looks = law.tips.some((tip) => {
    const past = [...tip.past.values()].flat().flatMap((line) => (line.was === 'grant' ? [line.line] : []))
    return [...tip.grants.values()].flat().concat(past).some(isAboutMore)
  })
  named.set(law, looks)
  return looks
}

function isAboutMore({ selector }: Grant): boolean {
  return selector.includes('node') || selector.includes('facts')
}
