import { PolicyError } from '../errors.ts'
import { didYouMean } from '../expr/suggest.ts'
import type { CompiledPolicy, NodeContext, Value } from '../model.ts'
import { consideredLayers } from './layers.ts'
import { isValueMap, mergeLayers, type ValueMap } from './merge.ts'

/** What one layer says of a variable on a node. */
export interface ExplainedLayer {
  /** As `data` names it; `vars` for the defaults. */
  readonly pattern: string
  /** The file that it is on this node; undefined if the node has no such label. */
  readonly file: string | undefined
  /** `gives` a value, `deletes` it with null, is `silent`; or does not apply: `no label`, `no file`. */
  readonly says: 'gives' | 'deletes' | 'silent' | 'no label' | 'no file'
  readonly value?: Value
}

export interface Explained {
  /** Without the leading `vars.`. */
  readonly path: string
  /** Lowest first. */
  readonly layers: readonly ExplainedLayer[]
  /** Undefined if nothing gives one. */
  readonly value: Value | undefined
  /** The file whose word counts: the last that gives or deletes it. Undefined if all are silent. */
  readonly winner: string | undefined
  /** Files that a map was merged from; only the winner for anything else. */
  readonly from: readonly string[]
}

/**
 * Where the value of a variable on a node comes from: every layer, what it says, and which one wins.
 *
 * @param path `vars.users.alice`, with or without `vars.`
 * @throws PolicyError E_UNKNOWN_VAR if neither the policy nor a layer knows the variable; those of expressions in values
 */
export function explain(policy: CompiledPolicy, context: NodeContext, path: string): Explained {
  const bare = path.replace(/^vars\./, '')
  const parts = bare.split('.')
  const considered = consideredLayers(policy, context)
  const layers = considered.map(({ pattern, name, values }): ExplainedLayer => {
    if (values === undefined) return { pattern, file: name, says: name === undefined ? 'no label' : 'no file' }
    const value = valueAt(values, parts)
    if (value === undefined) return { pattern, file: name, says: 'silent' }
    return { pattern, file: name, says: value === null ? 'deletes' : 'gives', value }
  })
  const merged = considered.reduce<ValueMap>((under, { values = {} }) => mergeLayers(under, values), {})
  const value = valueAt(merged, parts)
  checkKnown(policy, layers, parts[0] ?? '')
  const speaking = layers.filter(({ says }) => says === 'gives' || says === 'deletes')
  const winner = speaking.at(-1)?.file
  const from = value === undefined ? [] : isValueMap(value) ? mapSources(speaking) : [winner ?? '']
  return { path: bare, layers, value: value ?? undefined, winner, from }
}

/** Files that still count for a merged map: those after the last that put something else, or nothing, in its place. */
function mapSources(speaking: readonly ExplainedLayer[]): readonly string[] {
  const start = speaking.findLastIndex(({ value }) => !isValueMap(value)) + 1
  return speaking.slice(start).flatMap(({ file }) => file ?? [])
}

/** Undefined if the layer says nothing of it, null if it, or what it lies in, is deleted. */
function valueAt(values: ValueMap, parts: readonly string[]): Value | undefined {
  let at: Value | undefined = values
  for (const part of parts) {
    if (at === null) return null
    if (!isValueMap(at)) return undefined
    at = Object.hasOwn(at, part) ? at[part] : undefined
  }
  return at
}

function checkKnown(policy: CompiledPolicy, layers: readonly ExplainedLayer[], name: string): void {
  if (layers.some(({ says }) => says === 'gives' || says === 'deletes')) return
  const known = new Set(
    [policy.vars, ...Object.values(policy.layers)].flatMap((one) => (isValueMap(one) ? Object.keys(one) : [])),
  )
  if (known.has(name)) return
  throw new PolicyError('E_UNKNOWN_VAR', `${policy.policy} has no variable '${name}'.${didYouMean(name, known)}`)
}
