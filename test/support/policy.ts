import { createHash } from 'node:crypto'
import { buildBundle, compile, formatDiagnostic, memorySource, RESOURCE_TYPES, usesOf } from '../../policies/index.ts'
import type { Bundle, CompiledPolicy } from '../../policies/index.ts'

export interface BuiltPolicy {
  readonly policy: CompiledPolicy
  readonly bundle: Bundle
  readonly uses: readonly string[]
}

/** Compiles a policy from texts, as `chorus publish` would from a folder. */
export function build(yaml: string, files: Readonly<Record<string, string | Uint8Array>> = {}): BuiltPolicy {
  const {
    policy,
    files: used,
    diagnostics,
  } = compile(memorySource({ 'policy.yaml': yaml, ...files }), {
    types: RESOURCE_TYPES,
  })
  if (!policy) throw new Error(diagnostics.map(formatDiagnostic).join('\n'))
  const bundle = buildBundle(policy, used, (bytes) => createHash('sha256').update(bytes).digest())
  return { policy, bundle, uses: usesOf(policy) }
}

/** A policy that puts one file with `content` into each node's own folder below `out`. */
export function filePolicy(name: string, out: string, content: string, select = 'true'): BuiltPolicy {
  return build(
    [
      `policy: ${name}`,
      `select: ${JSON.stringify(select)}`,
      'resources:',
      '  file/it:',
      `    path: "${out}/\${node.name}/${name.replaceAll('/', '-')}"`,
      `    content: ${JSON.stringify(content)}`,
      '    mode: "0644"',
    ].join('\n'),
  )
}
