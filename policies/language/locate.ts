import type { SourcePlace } from '../model.ts'
import { Report } from './diagnostic.ts'
import { readYaml, type YamlNode } from './yaml.ts'

/**
 * Where a value stands in a YAML file: the place of the key that leads to it.
 *
 * @param path keys from the top, as `['users', 'alice']`
 * @returns undefined if the file does not have it, or cannot be read
 */
export function locateValue(file: string, text: string, path: readonly string[]): SourcePlace | undefined {
  const report = new Report()
  let node: YamlNode | undefined = readYaml(file, text, report)
  let offset: number | undefined
  for (const key of path) {
    const entry = node?.kind === 'map' ? node.entries.find((one) => one.key === key) : undefined
    if (entry === undefined) return undefined
    offset = entry.offset
    node = entry.value
  }
  return offset === undefined ? undefined : report.place(file, offset)
}
