import { checkCondition, checkTexts, RESOURCE_ROOTS, type Names } from './expressions.ts'
import { asCondition, complain, complainKey, type Work } from './work.ts'
import { kindOfNode, type YamlEntry } from './yaml.ts'

/** `when` and `each`, of resources and of components in use. */

/** The condition of `when`, checked; undefined after a report. */
export function readWhen(work: Work, part: YamlEntry, names: Names): string | undefined {
  const text = asCondition(part.value)
  if (text === undefined || text.trim() === '') {
    return complainKey(
      work,
      part,
      'E_SELECT',
      `when must be a condition, not ${text === undefined ? kindOfNode(part.value) : 'empty'}`,
      "Write an expression, as in when: labels.env == 'prod'.",
    )
  }
  if (text.startsWith('${')) {
    return complain(work, part.value, 'E_SELECT', 'when is an expression already', 'Write it without ${ and }.')
  }
  checkCondition(work, part.value, text, names)
  return text
}

/** What `each` goes over must be a map, a list, or an expression that gives one. */
export function checkEach(work: Work, part: YamlEntry, vars: ReadonlySet<string>): void {
  const { value: node } = part
  if (node.kind === 'scalar' && (typeof node.value !== 'string' || !/^\$\{[^]*\}$/.test(node.value))) {
    complainKey(
      work,
      part,
      'E_VALUE',
      `each must be a map, a list or an expression that gives one, not ${kindOfNode(node)}`,
      'Write each: ${vars.name}.',
    )
    return
  }
  checkTexts(work, node, { roots: RESOURCE_ROOTS, vars })
}
