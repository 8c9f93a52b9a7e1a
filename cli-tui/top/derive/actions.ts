import { ACTIONS } from '../source.ts'
import type { ActionState, Rights } from '../source.ts'

export interface Circumstances {
  readonly lost: boolean
  /** This node is held. */
  readonly held: boolean
  /** Why nothing can be signed with a root key from here; null if one is at hand. */
  readonly noRoot: string | null
}

/** Why each action cannot be done with these rights; null if it can. The daemon decides in the end. */
export function actionStates(rights: Rights | null, { lost, held, noRoot }: Circumstances): ActionState[] {
  const unknown = 'the charter is not known yet'
  const needs = (verb: string): string | null => {
    if (rights === null) return unknown
    if (rights.verbs.includes(verb)) return null
    return `this node's key has no grant with the verb ${verb}; a root gives one: chorus grant`
  }
  const enrols = "this node's key is no enroller; a root makes it one: chorus enroller add"
  const why: Record<(typeof ACTIONS)[number], string | null> = {
    publish: needs('publish'),
    rollback: needs('publish'),
    retire: needs('retire'),
    revoke: noRoot,
    hold: held ? 'this node is held already' : null,
    unhold: held ? null : 'this node is not held',
    invite: rights === null ? unknown : rights.enrols ? null : enrols,
    show: null,
    diff: null,
  }
  return ACTIONS.map((name) => ({ name, disabled: lost ? 'the daemon does not answer' : why[name] }))
}
