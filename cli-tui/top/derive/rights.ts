import type { ActionName, ActionState } from '../source.ts'

/** What the charter in force gives to one key. */
export interface Rights {
  readonly words: readonly string[]
  readonly verbs: ReadonlySet<string>
  readonly enrols: boolean
}

/** @param charter body of a charter record, as plain JSON */
export function rightsOf(charter: Readonly<Record<string, unknown>>, key: string): Rights {
  const words: string[] = []
  const verbs = new Set<string>()
  const lines = (name: string): readonly object[] => objects(charter[name])
  for (const grant of lines('grants')) {
    if (Reflect.get(grant, 'key') !== key) continue
    const own = texts(Reflect.get(grant, 'verbs'))
    for (const verb of own) verbs.add(verb)
    words.push(`${own.join(', ')} on ${texts(Reflect.get(grant, 'policies')).join(', ')}`)
  }
  const enrols = lines('enrollers').some((line) => Reflect.get(line, 'key') === key)
  if (enrols) words.push('enrol nodes')
  const roots: unknown = charter['roots']
  if (typeof roots === 'object' && roots !== null && texts(Reflect.get(roots, 'keys')).includes(key)) words.push('root')
  return { words, verbs, enrols }
}

const objects = (value: unknown): readonly object[] =>
  Array.isArray(value) ? value.filter((item) => typeof item === 'object' && item !== null) : []
const texts = (value: unknown): readonly string[] =>
  Array.isArray(value) ? value.filter((item) => typeof item === 'string') : []

/** Why each action cannot be done with these rights; null if it can. The daemon decides in the end. */
export function actionStates(rights: Rights | null, lost: boolean, held: boolean): ActionState[] {
  const needs = (verb: string): string | null =>
    rights === null
      ? 'the charter is not known yet'
      : rights.verbs.has(verb)
        ? null
        : `this node's key has no grant with the verb ${verb}; a root gives one: chorus grant`
  const why: Record<ActionName, string | null> = {
    publish: needs('publish'),
    rollback: needs('publish'),
    retire: needs('retire'),
    hold: held ? 'this node is held already' : null,
    unhold: held ? null : 'this node is not held',
    invite:
      rights === null
        ? 'the charter is not known yet'
        : rights.enrols
          ? null
          : "this node's key is no enroller; a root makes it one: chorus enroller add",
  }
  const order: readonly ActionName[] = ['publish', 'rollback', 'retire', 'hold', 'unhold', 'invite']
  return order.map((name) => ({ name, disabled: lost ? 'the daemon does not answer' : why[name] }))
}
