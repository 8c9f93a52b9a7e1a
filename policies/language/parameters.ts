import { isDynamic } from '../expr/interpolate.ts'
import { didYouMean } from '../expr/suggest.ts'
import type { CompiledParameter, Value } from '../model.ts'
import { checkTexts, LAYER_ROOTS } from './expressions.ts'
import { isValueMap } from './merge.ts'
import { asEntries, complain, complainKey, placeOf, type Work } from './work.ts'
import { kindOfNode, valueOf, type YamlEntry, type YamlNode } from './yaml.ts'

type ParameterType = CompiledParameter['type']

/** Types of parameters and the words of their messages. */
export const PARAMETER_TYPES: Readonly<Record<ParameterType, string>> = {
  text: 'a text',
  number: 'a whole number',
  boolean: 'true or false',
  list: 'a list',
  map: 'a map',
  any: 'anything but TBD',
}

/** A parameter that a component declares. */
export interface Parameter {
  readonly type: ParameterType
  /** Undefined if whoever uses the component must give it. */
  readonly value: Value | undefined
  readonly oneOf: readonly Value[] | undefined
  /** `file:line` of its declaration. */
  readonly at: string
}

const FIELDS = ['type', 'default', 'oneOf', 'describe']
const FORM = 'Write name: text, or name: {type: text, default: x}.'

/** Reads `parameters`: `port: number`, `port: {type: number, default: 443}`, or `port: TBD`. */
export function readParameters(work: Work, node: YamlNode | undefined): ReadonlyMap<string, Parameter> {
  const read = new Map<string, Parameter>()
  for (const entry of node === undefined ? [] : asEntries(work, node, 'parameters')) {
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(entry.key)) {
      complainKey(
        work,
        entry,
        'E_VALUE',
        `'${entry.key}' cannot be the name of a parameter`,
        'Use letters, digits and _.',
      )
      continue
    }
    const parameter = readParameter(work, entry)
    if (parameter !== undefined) read.set(entry.key, parameter)
  }
  return read
}

function readParameter(work: Work, entry: YamlEntry): Parameter | undefined {
  const { line } = work.report.place(entry.file, entry.offset)
  const at = `${entry.file}:${line}`
  const { key, value: node } = entry
  if (node.kind === 'scalar' && node.value === 'TBD') return { type: 'any', value: undefined, oneOf: undefined, at }
  if (node.kind !== 'map') {
    const type = typeOf(work, node, key)
    return type === undefined ? undefined : { type, value: undefined, oneOf: undefined, at }
  }
  for (const field of node.entries) {
    if (!FIELDS.includes(field.key))
      complainKey(
        work,
        field,
        'E_UNKNOWN_KEY',
        `a parameter has no '${field.key}'.${didYouMean(field.key, FIELDS)}`,
        FORM,
      )
  }
  const field = (name: string): YamlNode | undefined => node.entries.find((one) => one.key === name)?.value
  const typeNode = field('type')
  if (typeNode === undefined) return complainKey(work, entry, 'E_VALUE', `the parameter ${key} has no type`, FORM)
  const type = typeOf(work, typeNode, key)
  if (type === undefined) return undefined
  const choices = field('oneOf')
  if (choices !== undefined && choices.kind !== 'list')
    return complain(work, choices, 'E_VALUE', `oneOf of ${key} must be a list, not ${kindOfNode(choices)}`)
  const oneOf = choices?.items.map(valueOf)
  const given = field('default')
  const value = given === undefined ? undefined : valueOf(given)
  const parameter = { type, value: value === 'TBD' ? undefined : value, oneOf, at }
  if (
    given !== undefined &&
    parameter.value !== undefined &&
    checkTexts(work, given, { roots: LAYER_ROOTS, vars: new Set() })
  ) {
    const problem = isDynamic(parameter.value) ? undefined : parameterProblem(parameter, parameter.value)
    if (problem !== undefined) complain(work, given, 'E_VALUE', `the default of ${key} ${problem}`)
  }
  return parameter
}

function typeOf(work: Work, node: YamlNode, key: string): ParameterType | undefined {
  const text = node.kind === 'scalar' ? node.value : undefined
  const types = Object.keys(PARAMETER_TYPES)
  if (isParameterType(text)) return text
  const found = typeof text === 'string' ? `'${text}'` : kindOfNode(node)
  const meant = typeof text === 'string' ? didYouMean(text, types) : ''
  const message = `the type of the parameter ${key} must be one of ${types.join(', ')}, not ${found}.${meant}`
  work.report.add('E_VALUE', placeOf(work, node), message, FORM)
  return undefined
}

function isParameterType(text: unknown): text is ParameterType {
  return typeof text === 'string' && Object.hasOwn(PARAMETER_TYPES, text)
}

/** What is wrong with a value for a parameter: `must be a whole number, not a text`; undefined if nothing is. */
export function parameterProblem(
  { type, oneOf }: { readonly type: ParameterType; readonly oneOf?: readonly Value[] | undefined },
  value: Value,
): string | undefined {
  if (!FITS[type](value)) return `must be ${PARAMETER_TYPES[type]}, not ${kindOfValue(value)}`
  if (oneOf === undefined || oneOf.includes(value)) return undefined
  const meant = typeof value === 'string' ? didYouMean(value, oneOf.map(String)) : ''
  return `must be one of ${oneOf.map(String).join(', ')}${meant === '' ? '' : `.${meant}`}`
}

const FITS: Readonly<Record<ParameterType, (value: Value) => boolean>> = {
  text: (value) => typeof value === 'string' && value !== 'TBD',
  number: (value) => typeof value === 'number',
  boolean: (value) => typeof value === 'boolean',
  list: (value) => Array.isArray(value),
  map: isValueMap,
  any: (value) => value !== 'TBD',
}

function kindOfValue(value: Value): string {
  if (value === null) return 'null'
  if (value === 'TBD') return 'TBD'
  if (Array.isArray(value)) return 'a list'
  return { string: 'a text', number: 'a number', boolean: 'true or false', object: 'a map' }[
    typeof value as 'string' | 'number' | 'boolean' | 'object'
  ]
}
