import { PolicyError } from '../errors.ts'
import { checkSelector } from '../expr/selector.ts'
import { asCondition, asText, asTexts, complain, isPolicyName, placeOf, type Work } from './work.ts'
import { kindOfNode, type YamlNode } from './yaml.ts'

/** What says which policy this is, for whom, and after which others: each reported if it is wrong or not there. */

export function readName(work: Work, node: YamlNode | undefined, top: YamlNode): string {
  if (node === undefined) {
    complain(work, top, 'E_POLICY_NAME', 'the policy has no name', 'Start with policy: NAME, as in policy: web/site.')
    return ''
  }
  const name = asText(work, node, 'the name of a policy')
  if (name !== undefined && !isPolicyName(name)) {
    complain(
      work,
      node,
      'E_POLICY_NAME',
      `'${name}' cannot be the name of a policy`,
      'Use lower case, digits, - . _ and up to three /, as in web/site.',
    )
  }
  return name ?? ''
}

export function readSelect(work: Work, node: YamlNode | undefined, top: YamlNode): string {
  const hint = 'Write select: "true" for every node, or a condition: select: labels.role == \'web\'.'
  if (node === undefined) {
    complain(work, top, 'E_SELECT', 'the policy does not say which nodes it is for', hint)
    return ''
  }
  const text = asCondition(node)
  if (text === undefined || text.trim() === '') {
    complain(
      work,
      node,
      'E_SELECT',
      `select must be a condition, not ${text === undefined ? kindOfNode(node) : 'empty'}`,
      hint,
    )
    return ''
  }
  try {
    checkSelector(text)
  } catch (error) {
    const offset = error instanceof PolicyError ? (error.offset ?? 0) : 0
    work.report.addError(error, placeOf(work, node, { text, offset }))
  }
  return text
}

export function readAfter(work: Work, node: YamlNode | undefined): readonly string[] {
  if (node === undefined) return []
  return asTexts(work, node, 'after').flatMap(({ text, node: item }) => {
    if (isPolicyName(text)) return [text]
    complain(work, item, 'E_POLICY_NAME', `'${text}' cannot be the name of a policy`)
    return []
  })
}
