import { PolicyError } from '../errors.ts'
import { evaluateDeep, evaluateToText, interpolation } from '../expr/interpolate.ts'
import type { Scope } from '../expr/run.ts'
import type { CompiledPolicy, NodeContext } from '../model.ts'
import { findTbd, isValueMap, mergeLayers, type ValueMap } from './merge.ts'

/** One step of the variables of a node, lowest first: the defaults, then the layers that apply to it. */
export interface AppliedLayer {
  /** File name, `vars` for the defaults, `--set` for the publisher's own values. */
  readonly name: string
  readonly values: ValueMap
}

/** What layers may depend on: only what is certified. */
export function layerScope(context: NodeContext): Scope {
  return { labels: context.labels, node: { name: context.node.name, id: context.node.id } }
}

/** A layer that a node looks at, whether or not there is anything to find. */
export interface ConsideredLayer {
  readonly pattern: string
  /** Undefined if its name uses a label that the node does not have. */
  readonly name: string | undefined
  /** Undefined if it does not apply. */
  readonly values: ValueMap | undefined
}

/**
 * Every layer of the policy for a node, in the order in which they are laid on each other. A layer whose name uses a label
 * that the node does not have, and one that has no file for this node, do not apply.
 *
 * @throws PolicyError if an expression in a value fails
 */
export function consideredLayers(policy: CompiledPolicy, context: NodeContext): readonly ConsideredLayer[] {
  const scope = layerScope(context)
  const rest = policy.data.map((pattern): ConsideredLayer => {
    const name = layerName(pattern, context, scope)
    const layer = name !== undefined && Object.hasOwn(policy.layers, name) ? policy.layers[name] : undefined
    return { pattern, name, values: isValueMap(layer) ? evaluated(layer, scope) : undefined }
  })
  return [{ pattern: 'vars', name: 'vars', values: evaluated(policy.vars, scope) }, ...rest]
}

/** The layers that apply to a node, lowest first. @throws PolicyError if an expression in a value fails */
export function appliedLayers(policy: CompiledPolicy, context: NodeContext): readonly AppliedLayer[] {
  return consideredLayers(policy, context).flatMap(({ name, values }) =>
    name === undefined || values === undefined ? [] : [{ name, values }],
  )
}

function evaluated(values: ValueMap, scope: Scope): ValueMap {
  const made = evaluateDeep(values, scope)
  return isValueMap(made) ? made : {}
}

function layerName(pattern: string, context: NodeContext, scope: Scope): string | undefined {
  if (!pattern.includes('${')) return pattern
  const { references } = interpolation(pattern)
  const absent = references.some(
    ({ root, field }) => root === 'labels' && field !== undefined && !Object.hasOwn(context.labels, field),
  )
  return absent ? undefined : evaluateToText(pattern, scope)
}

/** The variables of a node. @throws PolicyError E_TBD for the first that nothing fills, and as `appliedLayers` */
export function variablesFor(policy: CompiledPolicy, context: NodeContext): ValueMap {
  const layers = appliedLayers(policy, context)
  const vars = layers.reduce<ValueMap>((under, layer) => mergeLayers(under, layer.values), {})
  const open = findTbd(vars)
  if (open.length === 0) return vars
  const names = open.map((path) => path.join('.')).join(', ')
  const used = layers.map((layer) => layer.name).join(', ')
  throw new PolicyError(
    'E_TBD',
    `${names} ${open.length === 1 ? 'is' : 'are'} TBD on ${context.node.name}: none of ${used} says what`,
  )
}
