import type { Rights } from './types.ts'

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
  return { words, verbs: [...verbs], enrols }
}

const objects = (value: unknown): readonly object[] =>
  Array.isArray(value) ? value.filter((item) => typeof item === 'object' && item !== null) : []
const texts = (value: unknown): readonly string[] =>
  Array.isArray(value) ? value.filter((item) => typeof item === 'string') : []
