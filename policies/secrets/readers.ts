import { evaluateToText, interpolation } from '../expr/interpolate.ts'
import { whyNot, type Term } from '../expr/why-not.ts'
import { layerScope } from '../language/layers.ts'
import type { NodeContext, SecretSource } from '../model.ts'

/** One encrypted file of a secret and the nodes that are to read it. */
export interface SecretFile<N> {
  readonly file: string
  readonly readers: readonly N[]
}

/** Who is to read one secret of a policy. */
export interface SecretReaders<N> {
  readonly name: string
  /** Its file in the bundle, `${...}` unevaluated. */
  readonly pattern: string
  /** By file name. */
  readonly files: readonly SecretFile<N>[]
  /** Nodes of the policy that have no file, since they lack a label that its name uses. */
  readonly unnamed: readonly N[]
}

/**
 * Which nodes are to read which encrypted file of a policy: those that its `select` can choose, by the file that its name
 * gives for their certified labels. A fact never decides: it is the node's own word, and would open what it asks for.
 *
 * @throws PolicyError E_EXPR if `select` or a file name cannot be evaluated
 */
export function secretReaders<N extends NodeContext>(
  declared: { readonly select: string; readonly secrets: Readonly<Record<string, SecretSource>> },
  nodes: readonly N[],
): readonly SecretReaders<N>[] {
  const chosen = nodes.filter((node) => mayBeSelected(declared.select, node))
  return Object.entries(declared.secrets).flatMap(([name, source]) =>
    'age' in source ? [readersOf(name, source.age, chosen)] : [],
  )
}

function readersOf<N extends NodeContext>(name: string, pattern: string, nodes: readonly N[]): SecretReaders<N> {
  const files = new Map<string, N[]>()
  const unnamed: N[] = []
  for (const node of nodes) {
    const file = secretFileFor(pattern, node)
    if (file === undefined) unnamed.push(node)
    else files.set(file, [...(files.get(file) ?? []), node])
  }
  const listed = [...files].sort(([a], [b]) => (a < b ? -1 : 1)).map(([file, readers]) => ({ file, readers }))
  return { name, pattern, files: listed, unnamed }
}

/** The name that a pattern gives for a node; undefined if it uses a label that the node does not have. */
export function secretFileFor(pattern: string, node: Pick<NodeContext, 'labels' | 'node'>): string | undefined {
  const { references } = interpolation(pattern)
  const absent = references.some(
    ({ root, field }) => root === 'labels' && field !== undefined && !Object.hasOwn(node.labels, field),
  )
  return absent ? undefined : evaluateToText(pattern, layerScope({ ...node, facts: {} }))
}

/**
 * Whether `select` can choose a node by what is certified of it, whatever it says of itself.
 *
 * @throws PolicyError E_EXPR, E_EXPR_LIMIT if it does not compile
 */
export function mayBeSelected(select: string, node: NodeContext): boolean {
  return possible(whyNot(select, { ...node, facts: {} }))
}

function possible(term: Term): boolean {
  if (term.joins === 'all') return term.terms.every(possible)
  if (term.joins === 'any') return term.terms.some(possible)
  if (term.joins === 'not') return !term.terms.every(certain)
  return asksFacts(term) || term.holds
}

function certain(term: Term): boolean {
  if (term.joins === 'all') return term.terms.every(certain)
  if (term.joins === 'any') return term.terms.some(certain)
  if (term.joins === 'not') return !term.terms.some(possible)
  return !asksFacts(term) && term.holds
}

function asksFacts({ values }: Term): boolean {
  return values.some(({ name }) => name === 'facts' || name.startsWith('facts.'))
}
