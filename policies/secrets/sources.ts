import { PolicyError } from '../errors.ts'
import { evaluateToText } from '../expr/interpolate.ts'
import { layerScope } from '../language/layers.ts'
import type { CompiledPolicy, NodeContext, SecretSource } from '../model.ts'

/**
 * Where each secret of a policy is to be had for a node: names evaluated, commands by their words. A secret whose place
 * cannot be told for this node (it hangs on a label that the node does not have) comes as the error that says why.
 */
export function secretSources(
  policy: CompiledPolicy,
  context: NodeContext,
): ReadonlyMap<string, SecretSource | PolicyError> {
  const scope = layerScope(context)
  const text = (written: string): string => evaluateToText(written, scope)
  const found = new Map<string, SecretSource | PolicyError>()
  for (const [name, source] of Object.entries(policy.secrets ?? {})) {
    try {
      found.set(name, evaluated(source, text))
    } catch (error) {
      if (!(error instanceof PolicyError)) throw error
      found.set(name, new PolicyError('E_SECRET', `its place cannot be told on this node: ${error.message}`))
    }
  }
  return found
}

function evaluated(source: SecretSource, text: (written: string) => string): SecretSource {
  if ('age' in source) return { age: text(source.age) }
  if ('file' in source) return { file: text(source.file) }
  return { exec: source.exec.map(text) }
}
