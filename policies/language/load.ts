import { LIMITS } from '../limits.ts'
import type { SourcePlace } from '../model.ts'
import type { Report } from './diagnostic.ts'
import { extendPolicy } from './extend.ts'
import type { Folder } from './folder.ts'
import { folderOf, joinPath, relativeProblem } from './relative.ts'
import { readText, type PolicySource } from './source.ts'
import { kindOfNode, readYaml, type YamlMap, type YamlNode } from './yaml.ts'

export const POLICY_FILE = 'policy.yaml'

/** The variables and layers of one policy of a chain. */
export interface Level {
  /** The folder as messages name it; '' for the policy itself. */
  readonly folder: string
  readonly vars: YamlNode | undefined
  readonly data: YamlNode | undefined
}

/** A policy with all that it extends laid under it. */
export interface Loaded {
  readonly top: YamlMap
  /** Whether all that it extends was read; if not, what is missing in it says nothing. */
  readonly whole: boolean
  /** Lowest first. */
  readonly levels: readonly Level[]
}

/** What reading other folders of the publisher needs. */
export interface Reach {
  /** The folder that is compiled; every other is found from it. */
  readonly source: PolicySource
  readonly report: Report
}

/**
 * Follows `extends` from a policy down to one that extends nothing, lays each on its base, and its files on those of the
 * base. A base that cannot be read is reported, and what is above it stands alone.
 *
 * @param folder where `top` was written; bases are laid under it
 * @param name the folder as messages name it
 */
export function loadExtended(reach: Reach, top: YamlMap, folder: Folder, name: string): Loaded {
  const chain = [{ node: top, name }]
  let whole = true
  for (let last = chain[0]; last !== undefined;) {
    const written = last.node.entries.find((entry) => entry.key === 'extends')
    const next = written === undefined ? undefined : followExtends(reach, written.value, folder, chain)
    if (next !== undefined) chain.push(next)
    else if (written !== undefined) whole = false
    last = next
  }
  const nodes = chain.map((link) => link.node)
  const lowest = nodes.pop() ?? top
  return {
    top: nodes.reduceRight((base, over) => extendPolicy(base, over, reach.report), lowest),
    whole,
    levels: chain.toReversed().map(({ node, name: from }) => ({
      folder: from,
      vars: node.entries.find((entry) => entry.key === 'vars')?.value,
      data: node.entries.find((entry) => entry.key === 'data')?.value,
    })),
  }
}

interface Link {
  readonly node: YamlMap
  readonly name: string
}

function followExtends(reach: Reach, written: YamlNode, folder: Folder, chain: readonly Link[]): Link | undefined {
  const { report } = reach
  const at = report.place(written.file, written.offset)
  const found = reachFolder(reach, written, 'extends')
  if (found === undefined) return undefined
  const names = chain.map((link) => link.name)
  if (names.includes(found.name)) {
    const circle = [...names, found.name].map((name) => joinPath(name, POLICY_FILE)).join(' -> ')
    report.add('E_CYCLE', at, `this policy extends itself: ${circle}`, 'Remove one of the `extends`.')
    return undefined
  }
  if (chain.length > LIMITS.extendsDepth) {
    report.add('E_TOO_LARGE', at, `this policy extends a chain of more than ${LIMITS.extendsDepth} others`)
    return undefined
  }
  report.addNote(found.name, `It is extended in ${at.file}:${at.line}.`)
  folder.layUnder(found.name, found.source)
  const node = readPolicyFile(reach, found, at)
  return node === undefined ? undefined : { node, name: found.name }
}

/** A folder that a policy names beside its own. */
export interface Reached {
  readonly name: string
  readonly source: PolicySource
}

/** The folder that `written` names, from the file in which it is written; undefined after a report. */
export function reachFolder(reach: Reach, written: YamlNode, key: string): Reached | undefined {
  const { report } = reach
  const at = report.place(written.file, written.offset)
  const text = written.kind === 'scalar' ? written.value : undefined
  if (typeof text !== 'string' || text.trim() === '') {
    report.add('E_VALUE', at, `${key} must be the path of a folder, not ${kindOfNode(written)}`, 'As in ../base.')
    return undefined
  }
  const problem = relativeProblem(text)
  if (problem !== undefined) {
    report.add('E_PATH', at, `the folder '${text}' ${problem}`, 'Name it relative to this file, as in ../base.')
    return undefined
  }
  const name = joinPath(folderOf(written.file), text)
  if (reach.source.sibling === undefined) {
    report.add('E_UNSUPPORTED', at, `'${text}' cannot be read: this policy was not given as a folder on disk`)
    return undefined
  }
  const source = report.attempt(at, '', () => reach.source.sibling?.(name))
  if (source === undefined) report.add('E_NO_FILE', at, `there is no folder '${text}'`, 'Correct its path.')
  return source === undefined ? undefined : { name, source }
}

/** The policy.yaml of another folder; undefined after a report. */
export function readPolicyFile(reach: Reach, { name, source }: Reached, at: SourcePlace): YamlMap | undefined {
  const { report } = reach
  const path = joinPath(name, POLICY_FILE)
  const file = source.files.find((candidate) => candidate.path === POLICY_FILE)
  if (file === undefined) {
    report.add(
      'E_NO_FILE',
      at,
      `the folder '${name}' has no ${POLICY_FILE}`,
      'Only a policy in YAML can be extended or used.',
    )
    return undefined
  }
  const start = { file: path, line: 1, column: 1 }
  const text = report.attempt(start, '', () => readText(file, LIMITS.yamlBytes))
  const node = text === undefined ? undefined : readYaml(path, text, report)
  if (node?.kind === 'map') return node
  if (text !== undefined && (node !== undefined || text.trim() === ''))
    report.add('E_VALUE', start, `a policy is a map, not ${node === undefined ? 'empty' : kindOfNode(node)}`)
  return undefined
}
