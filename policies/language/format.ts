import { isCollection, isMap, isPair, isScalar, parseDocument, type Document, type Node, type Pair } from 'yaml'
import { Report, type Diagnostic } from './diagnostic.ts'
import { COMPONENT_KEYS, POLICY_KEYS } from './keys.ts'
import { readYaml } from './yaml.ts'

/** Columns that a map or list in braces may take; a longer one is written line by line. */
const FLOW_COLUMNS = 120

export type Formatted = { readonly text: string } | { readonly diagnostics: readonly Diagnostic[] }

/**
 * A policy, component or data layer in its one form: two spaces for each level, keys of the policy in their order, no
 * lines at the end but one. Comments and empty lines stay with what they stand at; nothing changes what the file means,
 * and formatting twice changes nothing more.
 *
 * @returns diagnostics if the file is not strict YAML: what cannot be read for certain is not rewritten
 */
export function formatPolicy(file: string, text: string): Formatted {
  const report = new Report()
  readYaml(file, text, report)
  if (!report.empty) return { diagnostics: report.list() }
  const document = parseDocument(text, { version: '1.2', schema: 'core', uniqueKeys: false })
  const top = document.contents
  if (isMap(top)) {
    const names = top.items.map(nameOf)
    const order: readonly string[] = names.includes('parameters') ? COMPONENT_KEYS : POLICY_KEYS
    // A data layer may have a variable called `policy`; only a whole policy or component is put in order.
    if (names.includes('resources') || names.includes('extends')) orderKeys(document, top.items, order)
  }
  if (top !== null) unfoldLong(top, 0)
  const written = document.toString({ indent: 2, lineWidth: 0, flowCollectionPadding: true })
  return { text: `${written.trimEnd()}\n` }
}

function nameOf(pair: Pair): string {
  return isScalar(pair.key) ? String(pair.key.value) : ''
}

/** Sorts the keys of a policy; one that it does not have comes last. The comment before the first one is the file's. */
function orderKeys(document: Document.Parsed, items: Pair[], order: readonly string[]): void {
  const place = (pair: Pair): number => {
    const found = order.indexOf(nameOf(pair))
    return found < 0 ? order.length : found
  }
  const first = items[0]
  items.sort((a, b) => place(a) - place(b))
  if (items[0] === first) return
  // What follows a line stays behind it, but an empty line before the new first key would open the file with it.
  const top = items[0]?.key
  if (isScalar(top) && document.contents !== null) {
    top.spaceBefore = false
    if (top.commentBefore !== undefined && top.commentBefore !== null) {
      const { contents } = document
      const before = contents.commentBefore ?? ''
      contents.commentBefore = before === '' ? top.commentBefore : `${before}\n${top.commentBefore}`
      top.commentBefore = null
    }
  }
}

/** Writes maps and lists in braces that would make a line too long as blocks, from the outside in. */
function unfoldLong(node: Node, column: number): void {
  if (!isCollection(node)) return
  if (node.flow === true) {
    if (column + widthOf(node) <= FLOW_COLUMNS) return
    node.flow = false
  }
  for (const item of node.items) {
    const [key, value] = isPair(item) ? [item.key, item.value] : [undefined, item]
    const shift = isScalar(key) ? String(key.value).length + 4 : 2
    if (isNode(value)) unfoldLong(value, column + shift)
  }
}

/** Columns of a value written on one line. */
function widthOf(node: Node): number {
  return JSON.stringify(node).length
}

function isNode(value: unknown): value is Node {
  return isCollection(value) || isScalar(value)
}
