import { suggest, didYouMean } from '../expr/suggest.ts'
import { LIMITS } from '../limits.ts'
import type { Value } from '../model.ts'
import { checkTexts, LAYER_ROOTS } from './expressions.ts'
import type { Level } from './load.ts'
import { fills, findTbd, isValueMap, mergeLayers, type ValueMap } from './merge.ts'
import { asTexts, asEntries, complain, complainKey, placeOf, type Work } from './work.ts'
import { kindOfNode, readYaml, valueOf, type YamlEntry, type YamlMap, type YamlNode } from './yaml.ts'

export interface Variables {
  readonly vars: ValueMap
  readonly data: readonly string[]
  readonly layers: Readonly<Record<string, Value>>
  /** Names that `vars` declares or a layer adds. */
  readonly names: ReadonlySet<string>
}

/** The layer of `--set`: above all others. No file can have this name with its meaning, since it is not a clean pattern. */
export const SET_LAYER = '--set'

/** Reads `vars`, the data layers and `--set`, and reports what is TBD and filled by none. */
export function readVariables(
  work: Work,
  varsNode: YamlNode | undefined,
  levels: readonly Level[],
  set: Readonly<Record<string, string>>,
): Variables {
  const entries = varsNode === undefined ? [] : asEntries(work, varsNode, 'vars')
  const declared = new Map(entries.filter((entry) => isVariableName(work, entry)).map((entry) => [entry.key, entry]))
  for (const entry of declared.values()) checkTexts(work, entry.value, { roots: LAYER_ROOTS, vars: new Set() })
  const layers: Record<string, Value> = {}
  const data: string[] = []
  for (const level of levels) {
    const own = level.vars === undefined ? null : valueOf(level.vars)
    if (data.length > 0 && isValueMap(own)) {
      data.push(varsLayer(level.folder))
      layers[varsLayer(level.folder)] = own
    }
    for (const { text, node } of level.data === undefined ? [] : asTexts(work, level.data, 'data')) {
      if (!data.includes(text) && readPattern(work, text, node, declared, layers)) data.push(text)
    }
  }
  const over = readSet(work, set, declared)
  if (Object.keys(over).length > 0) {
    data.push(SET_LAYER)
    layers[SET_LAYER] = over
  }
  reportUnfilled(work, declared, Object.values(layers))
  const added = Object.values(layers).flatMap((layer) => (isValueMap(layer) ? Object.keys(layer) : []))
  const vars = Object.fromEntries([...declared].map(([name, entry]) => [name, valueOf(entry.value)]))
  return { vars, data, layers, names: new Set([...declared.keys(), ...added]) }
}

/** The layer of the `vars` of a policy that extends one with data layers: what it says wins over all that its base says. */
function varsLayer(folder: string): string {
  return `vars of ${folder === '' ? 'the policy' : folder}`
}

/** Reads the files that one line of `data` can mean. Whether the line is right. */
function readPattern(
  work: Work,
  text: string,
  node: YamlNode,
  declared: ReadonlyMap<string, YamlEntry>,
  layers: Record<string, Value>,
): boolean {
  if (!checkTexts(work, node, { roots: LAYER_ROOTS, vars: new Set() })) return false
  const must = text.includes('${') ? 'may be absent' : 'file'
  for (const path of work.folder.match(text, placeOf(work, node), must)) {
    if (Object.keys(layers).length >= LIMITS.layers) {
      complain(work, node, 'E_TOO_LARGE', `there are more than ${LIMITS.layers} data files`)
      return false
    }
    layers[path] ??= readLayer(work, path, declared)
  }
  return true
}

function isVariableName(work: Work, entry: YamlEntry): boolean {
  if (/^[A-Za-z_][A-Za-z0-9_]*$/.test(entry.key)) return true
  const hint = `Use letters, digits and _, as in ${entry.key.replace(/[^A-Za-z0-9_]+/g, '_').replace(/^(?=\d|$)/, 'v')}.`
  complainKey(work, entry, 'E_VALUE', `'${entry.key}' cannot be the name of a variable`, hint)
  return false
}

/** A layer; where the folders of a chain have files of the same name, the upper one is laid on the lower one. */
function readLayer(work: Work, path: string, declared: ReadonlyMap<string, YamlEntry>): Value {
  const parts = work.folder.texts(path, LIMITS.yamlBytes).map(({ file, text }) => readPart(work, file, text, declared))
  const [first = {}, ...rest] = parts
  return rest.reduce((under, over) => mergeLayers(under, over, true), first)
}

function readPart(work: Work, file: string, text: string, declared: ReadonlyMap<string, YamlEntry>): ValueMap {
  const node = readYaml(file, text, work.report)
  if (node === undefined) return {}
  if (node.kind !== 'map') {
    if (node.kind !== 'scalar' || node.value !== null) {
      complain(work, node, 'E_VALUE', `a data layer must be a map of variables, not ${kindOfNode(node)}`)
    }
    return {}
  }
  checkTexts(work, node, { roots: LAYER_ROOTS, vars: new Set() })
  reportMisspelt(work, node, declared)
  const values = valueOf(node)
  return isValueMap(values) ? values : {}
}

/** A layer may add variables, but one that looks like a misspelt declared one is one: it would change nothing, silently. */
function reportMisspelt(work: Work, layer: YamlMap, declared: ReadonlyMap<string, YamlEntry>): void {
  const present = new Set(layer.entries.map((entry) => entry.key))
  for (const entry of layer.entries) {
    if (declared.has(entry.key)) continue
    const meant = suggest(entry.key, declared.keys())
    if (meant === undefined || present.has(meant)) continue
    const hint = `Correct it, or declare '${entry.key}' in vars.`
    complainKey(work, entry, 'E_UNKNOWN_VAR', `vars does not declare '${entry.key}'. Did you mean '${meant}'?`, hint)
  }
}

/** `port=8080` or `limits.memory=1`: the value is read as YAML. */
function readSet(
  work: Work,
  set: Readonly<Record<string, string>>,
  declared: ReadonlyMap<string, YamlEntry>,
): ValueMap {
  const made: Record<string, Value> = {}
  for (const [name, text] of Object.entries(set).sort(([a], [b]) => (a < b ? -1 : 1))) {
    const file = `${SET_LAYER} ${name}`
    const at = { file, line: 1, column: 1 }
    const path = name.replace(/^vars\./, '').split('.')
    const [first = ''] = path
    if (!declared.has(first)) {
      work.report.add('E_UNKNOWN_VAR', at, `vars does not declare '${first}'.${didYouMean(first, declared.keys())}`)
      continue
    }
    if (path.some((part) => part === '' || part === '__proto__')) {
      work.report.add('E_VALUE', at, `'${name}' is not the name of a variable`, 'Write --set name=value.')
      continue
    }
    const node = readYaml(file, text, work.report)
    put(made, path, node === undefined ? '' : valueOf(node))
  }
  return made
}

function put(into: Record<string, Value>, [key = '', ...rest]: readonly string[], value: Value): void {
  if (rest.length === 0) {
    into[key] = value
    return
  }
  const inner: Record<string, Value> = {}
  const known = into[key]
  if (isValueMap(known)) Object.assign(inner, known)
  put(inner, rest, value)
  into[key] = inner
}

function reportUnfilled(work: Work, declared: ReadonlyMap<string, YamlEntry>, layers: readonly Value[]): void {
  for (const [name, entry] of declared) {
    for (const path of findTbd(valueOf(entry.value), [name])) {
      if (layers.some((layer) => fills(layer, path))) continue
      complainKey(work, entry, 'E_TBD', `the variable ${path.join('.')} is TBD and no data layer fills it`)
    }
  }
}
