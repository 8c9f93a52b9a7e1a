import { compile, type Compiled } from '../language/compile.ts'
import { formatDiagnostic } from '../language/diagnostic.ts'
import { joinPath } from '../language/relative.ts'
import { memorySource, type PolicySource } from '../language/source.ts'
import { resolve, type Resolved, type ResolveOptions } from '../language/resolve.ts'
import type { CompiledPolicy, NodeContext, Value } from '../model.ts'
import { TEST_TYPES } from './types.ts'

/** A node for tests. */
export function node(
  labels: Record<string, string> = {},
  facts: Record<string, Value> = {},
  name = 'web-1',
): NodeContext {
  return { labels, facts, node: { name, id: `id-of-${name}` } }
}

type Files = Record<string, string | Uint8Array>

/** A folder in memory with what lies beside it: files whose names start with `../` are those of other folders. */
export function treeSource(files: Files, at = ''): PolicySource {
  const inside = Object.entries(files).flatMap(([path, content]) => {
    if (at === '') return path.startsWith('../') ? [] : [[path, content] as const]
    return path.startsWith(`${at}/`) ? [[path.slice(at.length + 1), content] as const] : []
  })
  return {
    ...memorySource(Object.fromEntries(inside)),
    sibling(relative) {
      const folder = joinPath(at, relative)
      return folder === '' || Object.keys(files).some((path) => path.startsWith(`${folder}/`))
        ? treeSource(files, folder)
        : undefined
    },
  }
}

/** Compiles files given as text. */
export function compileFiles(files: Files, set: Record<string, string> = {}): Compiled {
  return compile(treeSource(files), { types: TEST_TYPES, set })
}

/** Compiles a policy that must be right. */
export function rightPolicy(
  files: Record<string, string | Uint8Array>,
  set: Record<string, string> = {},
): CompiledPolicy {
  const { policy, diagnostics } = compileFiles(files, set)
  if (policy === undefined) throw new Error(diagnostics.map(formatDiagnostic).join('\n'))
  return policy
}

/** What is wrong with a policy: `code line:column message` each, for `file` other than policy.yaml with its name before. */
export function problems(
  files: Record<string, string | Uint8Array> | string,
  set: Record<string, string> = {},
): string[] {
  const all = typeof files === 'string' ? { 'policy.yaml': files } : files
  return compileFiles(all, set).diagnostics.map(({ code, file, line, column, message }) => {
    const place = file === 'policy.yaml' ? '' : `${file}:`
    return `${code} ${place}${line}:${column} ${message}`
  })
}

export function resolveFor(
  policy: CompiledPolicy,
  context: NodeContext,
  files: readonly string[] = [],
  options: ResolveOptions = {},
): Resolved {
  return resolve(policy, context, new Set(files), TEST_TYPES, options)
}
