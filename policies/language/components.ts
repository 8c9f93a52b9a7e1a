import { isDynamic } from '../expr/interpolate.ts'
import { didYouMean } from '../expr/suggest.ts'
import { LIMITS } from '../limits.ts'
import type { CompiledInstance, CompiledParameter, CompiledResource } from '../model.ts'
import { checkTexts, RESOURCE_ROOTS, type Names } from './expressions.ts'
import { Folder } from './folder.ts'
import { checkComponentKeys } from './keys.ts'
import { loadExtended, reachFolder, readPolicyFile, type Reach } from './load.ts'
import { instancePrefix, mounted, type Mounted } from './mount.ts'
import { parameterProblem, readParameters, type Parameter } from './parameters.ts'
import { checkEach, readWhen } from './repeat.ts'
import type { WrittenReference } from './references.ts'
import { readResources } from './resources.ts'
import type { SourceFile } from './source.ts'
import { asEntries, complain, complainKey, placeOf, type Work } from './work.ts'
import { valueOf, type YamlEntry, type YamlMap, type YamlNode } from './yaml.ts'

/** What the components of a policy add to it. */
export interface ReadComponents {
  readonly instances: Readonly<Record<string, CompiledInstance>>
  readonly resources: readonly CompiledResource[]
  readonly keys: readonly string[]
  readonly references: readonly WrittenReference[]
  readonly templates: Readonly<Record<string, string>>
  /** Files that they use, as the bundle carries them: below `+INSTANCE/`. */
  readonly files: ReadonlyMap<string, SourceFile>
}

/** A component as it is read once, however often it is used. */
interface Component {
  readonly name: string
  readonly top: YamlMap
  readonly folder: Folder
  readonly parameters: ReadonlyMap<string, Parameter>
}

/** The instance that uses another: '' is the policy itself. */
interface Around {
  readonly id: string
  /** What the keys of its resources start with. */
  readonly prefix: string
  readonly names: Names
  /** Folders of the components around, to find a circle. */
  readonly within: readonly string[]
}

/** Reads `components: {NAME: {use: ../folder, with: {parameter: value}}}`, and the components that those use. */
export class ComponentReader {
  readonly #reach: Reach
  readonly #work: Work
  readonly #known = new Map<string, Component | undefined>()
  readonly #instances: Record<string, CompiledInstance> = {}
  readonly #parts: Mounted[] = []

  constructor(reach: Reach, work: Work) {
    this.#reach = reach
    this.#work = work
  }

  /** @param names what expressions in `with` may use */
  read(node: YamlNode, names: Names): ReadComponents {
    this.#readAll(this.#work, node, { id: '', prefix: '', names, within: [] })
    return {
      instances: this.#instances,
      resources: this.#parts.flatMap((part) => part.resources),
      keys: this.#parts.flatMap((part) => part.keys),
      references: this.#parts.flatMap((part) => part.references),
      templates: Object.fromEntries(this.#parts.flatMap((part) => Object.entries(part.templates))),
      files: new Map(this.#parts.flatMap((part) => [...part.files])),
    }
  }

  #readAll(work: Work, node: YamlNode, around: Around): void {
    for (const entry of asEntries(work, node, 'components')) this.#readInstance(work, entry, around)
  }

  #readInstance(work: Work, entry: YamlEntry, around: Around): void {
    const { key } = entry
    if (!/^[a-z0-9][a-z0-9_-]*$/.test(key) || key.length > 100) {
      const hint = 'Use lower case, digits, - and _: it becomes part of the keys of its resources.'
      complainKey(work, entry, 'E_POLICY_NAME', `'${key}' cannot be the name of a component`, hint)
      return
    }
    const id = around.id === '' ? key : `${around.id}-${key}`
    if (Object.hasOwn(this.#instances, id)) {
      complainKey(work, entry, 'E_DUPLICATE_RESOURCE', `there are two components called ${id}`)
      return
    }
    if (Object.keys(this.#instances).length >= LIMITS.instances) {
      complainKey(work, entry, 'E_TOO_LARGE', `there are more than ${LIMITS.instances} components`)
      return
    }
    const { use, values, each, when } = readUse(work, entry)
    const component = use === undefined ? undefined : this.#component(use, key)
    if (use === undefined || component === undefined) return
    if (around.within.includes(component.name) || around.within.length >= LIMITS.componentDepth) {
      const circle = [...around.within, component.name].join(' -> ')
      complain(work, use, 'E_CYCLE', `this component uses itself, or too many others in each other: ${circle}`)
      return
    }
    if (each !== undefined) checkEach(work, each, around.names.vars)
    const names = each === undefined ? around.names : { ...around.names, roots: [...around.names.roots, 'each'] }
    // Which resources there are is seen by everybody: no secret decides it.
    const open = { vars: names.vars, roots: names.roots.filter((root) => root !== 'secrets') }
    const condition = when === undefined ? undefined : readWhen(work, when, open)
    const params = this.#parameters(work, entry, component, values, names)
    this.#instances[id] = {
      ...(around.id === '' ? {} : { within: around.id }),
      ...(condition === undefined ? {} : { when: condition }),
      ...(each === undefined ? {} : { each: valueOf(each.value) }),
      params,
    }
    const prefix = instancePrefix(around.prefix, key, id, each !== undefined)
    this.#addResources(component, id, { ...around, prefix })
  }

  #component(use: YamlNode, instance: string): Component | undefined {
    const reached = reachFolder(this.#reach, use, 'use')
    if (reached === undefined) return undefined
    const { name, source } = reached
    if (this.#known.has(name)) return this.#known.get(name)
    this.#known.set(name, undefined)
    const { report } = this.#reach
    const at = report.place(use.file, use.offset)
    report.addNote(name, `It is used as ${instance} in ${at.file}:${at.line}.`)
    const written = readPolicyFile(this.#reach, reached, at)
    if (written === undefined) return undefined
    const folder = new Folder(source, report, name)
    const { top } = loadExtended(this.#reach, written, folder, name)
    const work: Work = { ...this.#work, folder }
    checkComponentKeys(work, top.entries)
    const parameters = readParameters(work, partOf(top, 'parameters'))
    const component = { name, top, folder, parameters }
    this.#known.set(name, component)
    return component
  }

  #parameters(
    work: Work,
    entry: YamlEntry,
    { name, parameters }: Component,
    values: readonly YamlEntry[],
    names: Names,
  ): Record<string, CompiledParameter> {
    for (const given of values) {
      if (parameters.has(given.key)) continue
      const known = [...parameters.keys()]
      const hint = known.length === 0 ? 'It has none.' : `It has ${known.join(', ')}.`
      const message = `the component ${name} has no parameter '${given.key}'.${didYouMean(given.key, known)}`
      complainKey(work, given, 'E_UNKNOWN_VAR', message, hint)
    }
    const made: Record<string, CompiledParameter> = {}
    for (const [key, parameter] of parameters) {
      const given = values.find((one) => one.key === key)
      const { type, oneOf, at } = parameter
      const value = given === undefined ? parameter.value : valueOf(given.value)
      if (value === undefined || value === 'TBD') {
        const message = `the component ${entry.key} is not given ${key}, which ${name} leaves open`
        complainKey(work, given ?? entry, 'E_TBD', message, `Give it in \`with\`; it is declared in ${at}.`)
        continue
      }
      if (given !== undefined && checkTexts(work, given.value, names) && !isDynamic(value)) {
        const problem = parameterProblem(parameter, value)
        if (problem !== undefined)
          complain(work, given.value, 'E_VALUE', `the parameter ${key} ${problem}`, `It is declared in ${at}.`)
      }
      made[key] = oneOf === undefined ? { type, value } : { type, value, oneOf }
    }
    return made
  }

  #addResources({ name, top, folder, parameters }: Component, id: string, around: Around): void {
    const work: Work = { ...this.#work, folder }
    const vars = new Set(parameters.keys())
    const node = partOf(top, 'resources')
    const nested = partOf(top, 'components')
    if (node === undefined && nested === undefined) {
      complain(
        work,
        top,
        'E_VALUE',
        `the component ${name} has no resources`,
        'A component without resources does nothing.',
      )
    }
    if (node !== undefined) this.#parts.push(mounted(work, readResources(work, node, { vars }), id, around.prefix))
    const names: Names = { roots: RESOURCE_ROOTS, vars }
    if (nested !== undefined)
      this.#readAll(work, nested, { id, prefix: around.prefix, names, within: [...around.within, name] })
  }
}

function partOf(top: YamlMap, key: string): YamlNode | undefined {
  return top.entries.find((entry) => entry.key === key)?.value
}

const USE_KEYS: readonly string[] = ['use', 'with', 'each', 'when']

/** `use`, `with`, `each` and `when` of an instance; what is wrong or missing is reported. */
function readUse(
  work: Work,
  entry: YamlEntry,
): {
  readonly use: YamlNode | undefined
  readonly values: readonly YamlEntry[]
  readonly each: YamlEntry | undefined
  readonly when: YamlEntry | undefined
} {
  const parts = asEntries(work, entry.value, `the component ${entry.key}`)
  for (const part of parts) {
    if (USE_KEYS.includes(part.key)) continue
    const meant = didYouMean(part.key, USE_KEYS)
    const hint = 'Write {use: ../folder, with: {parameter: value}}.'
    complainKey(work, part, 'E_UNKNOWN_KEY', `a component in use has no '${part.key}'.${meant}`, hint)
  }
  const use = parts.find((part) => part.key === 'use')?.value
  const given = parts.find((part) => part.key === 'with')?.value
  if (use === undefined && entry.value.kind === 'map') {
    const hint = 'Write use: ../folder.'
    work.report.add(
      'E_VALUE',
      placeOf(work, entry.value),
      `the component ${entry.key} does not say which folder it uses`,
      hint,
    )
  }
  const values = given === undefined ? [] : asEntries(work, given, 'with')
  const part = (key: string): YamlEntry | undefined => parts.find((one) => one.key === key)
  return { use, values, each: part('each'), when: part('when') }
}
