import type { NodeRow } from '../../node/control/index.ts'
import { CliError } from '../errors.ts'
import { didYouMean } from '../input/suggest.ts'
import { listed } from '../out/text.ts'

/** What every Ed25519 peer id starts with; nobody types it. */
const ID_HEAD = '12D3KooW'

type Named = Pick<NodeRow, 'name' | 'id' | 'key'>

/** The node that `text` means, or undefined if none does. @throws CliError E_AMBIGUOUS if several do */
export function findNode<T extends Named>(nodes: readonly T[], text: string): T | undefined {
  const exact = nodes.filter((node) => node.name === text || node.id === text || node.key === text)
  if (exact.length === 1) return exact[0]
  const near = exact.length > 1 ? exact : nodes.filter((node) => startsWith(node, text))
  if (near.length > 1) {
    const names = near.map((node) => `${node.name} (${node.id.slice(0, ID_HEAD.length + 8)}…)`)
    throw new CliError(
      'E_AMBIGUOUS',
      `"${text}" means several nodes: ${listed(names)}; give more of the name or the id`,
    )
  }
  return near[0]
}

/** As findNode. @throws CliError E_NOT_FOUND with a suggestion */
export function nodeNamed<T extends Named>(nodes: readonly T[], text: string): T {
  const found = findNode(nodes, text)
  if (found !== undefined) return found
  const names = nodes.map((node) => node.name)
  throw new CliError(
    'E_NOT_FOUND',
    `no node is called "${text}"${didYouMean(text, names)}`,
    `Known here: ${names.length === 0 ? 'none' : listed(names)}.`,
  )
}

function startsWith(node: Named, text: string): boolean {
  return (
    node.name.startsWith(text) ||
    node.id.startsWith(text) ||
    node.id.slice(ID_HEAD.length).startsWith(text) ||
    (text.length >= 6 && node.key.startsWith(text))
  )
}
