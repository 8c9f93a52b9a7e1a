import { PolicyError } from '../errors.ts'
import { expression } from '../expr/expression.ts'
import { interpolation } from '../expr/interpolate.ts'
import type { Reference } from '../expr/nodes.ts'
import { didYouMean } from '../expr/suggest.ts'
import { placeOf, textsIn, type Work } from './work.ts'
import type { YamlNode } from './yaml.ts'

/** Names that expressions at one place may use. */
export interface Names {
  readonly roots: readonly string[]
  /** Variables that `vars` declares or a layer adds. */
  readonly vars: ReadonlySet<string>
  /** Declared secrets, if `secrets` is one of the roots. */
  readonly secrets?: ReadonlySet<string>
}

/** Data layers, and the defaults of variables, depend on certified things only. */
export const LAYER_ROOTS = ['labels', 'node'] as const
export const RESOURCE_ROOTS = ['labels', 'facts', 'node', 'vars'] as const

/** Compiles every `${...}` inside `node` and checks the names that it uses. Whether all of them are right. */
export function checkTexts(work: Work, node: YamlNode, names: Names): boolean {
  let right = true
  for (const { text, node: at } of textsIn(node)) {
    if (!text.includes('${')) continue
    right = checkOne(work, at, text, names, () => interpolation(text).references) && right
  }
  return right
}

/** The same for a condition. */
export function checkCondition(work: Work, node: YamlNode, text: string, names: Names): boolean {
  return checkOne(work, node, text, names, () => expression(text, 'condition').references)
}

function checkOne(
  work: Work,
  node: YamlNode,
  text: string,
  names: Names,
  compile: () => readonly Reference[],
): boolean {
  try {
    let right = true
    for (const reference of compile()) {
      const problem = referenceProblem(reference, names)
      if (problem === undefined) continue
      work.report.addError(problem, placeOf(work, node, { text, offset: reference.offset }))
      right = false
    }
    return right
  } catch (error) {
    const offset = error instanceof PolicyError ? (error.offset ?? 0) : 0
    work.report.addError(error, placeOf(work, node, { text, offset }))
    return false
  }
}

/** What is wrong with a name that an expression or a template uses; undefined if nothing is. */
export function referenceProblem(
  { root, field }: Pick<Reference, 'root' | 'field'>,
  names: Names,
): PolicyError | undefined {
  if (!names.roots.includes(root)) {
    const message = `'${root}' is not known here, only ${names.roots.join(', ')}.${didYouMean(root, names.roots)}`
    return new PolicyError('E_EXPR', message, { hint: hintFor(root) })
  }
  if (root === 'vars' && field !== undefined && !names.vars.has(field)) {
    return new PolicyError('E_UNKNOWN_VAR', `there is no variable '${field}'.${didYouMean(field, names.vars)}`)
  }
  if (root === 'secrets' && field === undefined) {
    return new PolicyError('E_SECRET', 'secrets can only be used one by one', {
      hint: 'Name one, as in secrets.tls_key.',
    })
  }
  if (root === 'secrets' && field !== undefined && names.secrets?.has(field) !== true) {
    const hint = `Declare it: secrets: {${field}: {age: secrets/${field}.age}}.`
    const message = `there is no secret '${field}'.${didYouMean(field, names.secrets ?? [])}`
    return new PolicyError('E_SECRET', message, { hint })
  }
  if (root === 'node' && field !== undefined && field !== 'name' && field !== 'id') {
    return new PolicyError('E_EXPR', `node has no '${field}', only name and id.${didYouMean(field, ['name', 'id'])}`)
  }
  if (root === 'each' && field !== undefined && field !== 'key' && field !== 'value') {
    return new PolicyError(
      'E_EXPR',
      `each has no '${field}', only key and value.${didYouMean(field, ['key', 'value'])}`,
    )
  }
  return undefined
}

function hintFor(root: string): string {
  if (root === 'each') return 'Only a resource with `each:` has each.key and each.value.'
  if (root === 'secrets')
    return 'Secrets can be used in attributes and templates of the resources of a policy, and in what it gives a component.'
  if (root === 'vars' || root === 'facts')
    return 'Use only labels and node here: the value must not depend on anything else.'
  return `If it is meant as text, put it in quotes: '${root}'. A literal \${ is written $\${.`
}
