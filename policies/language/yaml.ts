import { isAlias, isMap, isScalar, isSeq, parseDocument, type Node, type Pair, type Scalar } from 'yaml'
import type { PolicyErrorCode } from '../errors.ts'
import { LIMITS } from '../limits.ts'
import type { Value } from '../model.ts'
import type { Report } from './diagnostic.ts'
import { checkDepth } from './yaml-depth.ts'
import { readPlainYaml } from './yaml-plain.ts'

/**
 * Parsed YAML with the place of everything: offsets into the text of `file`. Aliases are expanded. Nodes of several files
 * can make one policy (`extends`), so each knows its own.
 */
export type YamlNode = YamlScalar | YamlList | YamlMap

export interface YamlScalar {
  readonly kind: 'scalar'
  readonly value: null | boolean | number | string
  readonly file: string
  readonly offset: number
  readonly end: number
}

export interface YamlList {
  readonly kind: 'list'
  readonly items: readonly YamlNode[]
  readonly file: string
  readonly offset: number
}

export interface YamlMap {
  readonly kind: 'map'
  readonly entries: readonly YamlEntry[]
  readonly file: string
  readonly offset: number
}

export interface YamlEntry {
  readonly key: string
  readonly file: string
  readonly offset: number
  readonly value: YamlNode
}

/**
 * Parses strict YAML 1.2: every error and every warning of the parser is reported, as are duplicate keys, merge keys,
 * tags, numbers that are not whole, and numbers that would lose their form (`1.10`, `0644`). Whatever could be
 * understood is returned all the same, so that the rest is checked too; undefined if nothing could.
 */
export function readYaml(file: string, text: string, report: Report): YamlNode | undefined {
  report.addText(file, text)
  return readPlainYaml(file, text) ?? parseYaml(file, text, report)
}

/** The same with the real parser, whatever the file looks like. */
export function parseYaml(file: string, text: string, report: Report): YamlNode | undefined {
  const at = (offset: number) => report.place(file, offset)
  try {
    checkDepth(text)
  } catch (error) {
    report.addError(error, at(offsetOf(error)))
    return undefined
  }
  // Keys are compared here: the parser compares each with each, which takes seconds for 10,000 resources.
  const document = parseDocument(text, {
    version: '1.2',
    schema: 'core',
    strict: true,
    uniqueKeys: false,
    resolveKnownTags: false,
    prettyErrors: false,
  })
  for (const problem of [...document.errors, ...document.warnings]) {
    const message = MESSAGES[problem.code] ?? problem.message
    report.add('E_YAML', at(problem.pos[0]), message, hintFor(problem.code, text.slice(0, problem.pos[1])))
  }
  if (document.errors.length > 0) return undefined
  if (document.contents === null) return undefined
  return new Reader(file, (code, offset, message, hint) => report.add(code, at(offset), message, hint)).read(
    document.contents,
  )
}

function offsetOf(error: unknown): number {
  return typeof error === 'object' && error !== null && 'offset' in error && typeof error.offset === 'number'
    ? error.offset
    : 0
}

/** What the parser says in words for programmers. */
const MESSAGES: Readonly<Record<string, string>> = {
  MULTIPLE_DOCS: 'there are several documents in this file',
  MULTILINE_IMPLICIT_KEY: 'a name must be on one line with its colon, and a space after it',
  BLOCK_AS_IMPLICIT_KEY: 'there is a second colon in this line, or the next line is indented too far',
}

/** @param before the file up to the end of the problem */
function hintFor(code: string, before: string): string | undefined {
  // Inside { } and [ ], YAML takes the { of ${...} for a map.
  if (/\$\{[^}"'\n]*\}?$/.test(before)) return 'Put ${...} in quotes inside { } and [ ].'
  if (code === 'MISSING_CHAR' || code === 'BAD_INDENT') return 'Close the bracket or the quote that was opened before.'
  if (code === 'MULTILINE_IMPLICIT_KEY' || code === 'BLOCK_AS_IMPLICIT_KEY')
    return 'Indent by two spaces for each level, and put texts with a colon in quotes.'
  if (code === 'BLOCK_IN_FLOW' || code === 'BAD_SCALAR_START') return 'Put the text in quotes.'
  if (code === 'TAG_RESOLVE_FAILED')
    return 'Tags (!name) mean nothing in a policy; put an expression that starts with ! in quotes.'
  if (code === 'MULTIPLE_DOCS') return 'A policy is one document: remove the --- between them.'
  if (code === 'TAB_AS_INDENT') return 'Indent with spaces.'
  return undefined
}

type Complain = (code: PolicyErrorCode, offset: number, message: string, hint?: string) => void

class Reader {
  readonly #anchors = new Map<string, Node>()
  readonly #open = new Set<Node>()
  readonly #file: string
  readonly #complain: Complain
  #nodesLeft: number = LIMITS.yamlNodes
  #overLimit = false

  constructor(file: string, complain: Complain) {
    this.#file = file
    this.#complain = complain
  }

  read(node: Node): YamlNode {
    const offset = node.range?.[0] ?? 0
    if (--this.#nodesLeft < 0) {
      return this.#stop('E_YAML_ALIAS', offset, `this file expands to more than ${LIMITS.yamlNodes} values`)
    }
    if (this.#open.size > LIMITS.depth) {
      return this.#stop('E_YAML_DEPTH', offset, `this is nested more than ${LIMITS.depth} levels deep`)
    }
    if (!isAlias(node) && node.tag?.startsWith('tag:yaml.org') === true)
      this.#complain('E_YAML', offset, 'tags mean nothing in a policy', 'Remove it; quotes make a text.')
    if (isAlias(node)) return this.#readAlias(node.source, offset)
    if ('anchor' in node && typeof node.anchor === 'string') this.#anchors.set(node.anchor, node)
    if (isScalar(node)) return this.#readScalar(node, offset)
    this.#open.add(node)
    const made: YamlNode = isMap(node)
      ? { kind: 'map', file: this.#file, offset, entries: this.#readEntries(node.items, offset) }
      : {
          kind: 'list',
          file: this.#file,
          offset,
          items: isSeq(node) ? node.items.map((item) => this.#readPart(item, offset)) : [],
        }
    this.#open.delete(node)
    return made
  }

  /** Complains once: what is over a limit here is over it in ten thousand places. */
  #stop(code: PolicyErrorCode, offset: number, message: string): YamlScalar {
    if (!this.#overLimit) this.#complain(code, offset, message)
    this.#overLimit = true
    return this.#nothing(offset)
  }

  #readAlias(name: string, offset: number): YamlNode {
    const target = this.#anchors.get(name)
    if (target !== undefined && !this.#open.has(target)) return this.read(target)
    const message =
      target === undefined ? `the alias *${name} stands for nothing` : `the alias *${name} contains itself`
    this.#complain('E_YAML_ALIAS', offset, message)
    return this.#nothing(offset)
  }

  #readPart(part: unknown, offset: number): YamlNode {
    return isNode(part) ? this.read(part) : this.#nothing(offset)
  }

  #readEntries(pairs: readonly Pair[], mapOffset: number): YamlEntry[] {
    const seen = new Set<string>()
    const entries: YamlEntry[] = []
    for (const pair of pairs) {
      const offset = isNode(pair.key) ? (pair.key.range?.[0] ?? mapOffset) : mapOffset
      const value = this.#readPart(pair.value, offset)
      const key = this.#readKey(pair.key, offset)
      if (key === undefined) continue
      if (seen.has(key)) this.#complain('E_DUPLICATE_KEY', offset, `the key '${key}' is there twice`)
      else entries.push({ key, file: this.#file, offset, value })
      seen.add(key)
    }
    return entries
  }

  #readKey(key: unknown, offset: number): string | undefined {
    if (!isScalar(key) || key.value === null) {
      this.#complain('E_YAML', offset, 'the key of a map must be a text', 'Write a name before the colon.')
      return undefined
    }
    // A number or boolean as a key is taken as it is written: `80: http` has the key '80'.
    const name = typeof key.value === 'string' ? key.value : (key.source ?? '')
    if (name === '<<') {
      this.#complain(
        'E_YAML',
        offset,
        'merge keys (<<) are not part of YAML 1.2',
        'Write the values out, or use data layers.',
      )
      return undefined
    }
    if (name === '__proto__') {
      this.#complain('E_YAML', offset, `the key '__proto__' is not allowed`, 'Choose another name.')
      return undefined
    }
    return name
  }

  #readScalar(node: Scalar, offset: number): YamlScalar {
    const { value, source = '' } = node
    const made = { kind: 'scalar', file: this.#file, offset, end: node.range?.[1] ?? offset } as const
    if (value === null || typeof value === 'boolean') return { ...made, value }
    if (typeof value === 'string') {
      if (!value.isWellFormed()) this.#complain('E_UTF8', offset, 'this text is not valid Unicode')
      return { ...made, value }
    }
    if (
      typeof value === 'number' &&
      /^[-+]?(0|[1-9][0-9]*|0o[0-7]+|0x[0-9a-fA-F]+)$/.test(source) &&
      Number.isSafeInteger(value)
    ) {
      return { ...made, value: value === 0 ? 0 : value }
    }
    const hint = `Put it in quotes: "${source}".`
    this.#complain('E_VALUE', offset, `${source} would not keep its form as a number`, hint)
    return { ...made, value: source }
  }

  #nothing(offset: number): YamlScalar {
    return { kind: 'scalar', value: null, file: this.#file, offset, end: offset }
  }
}

function isNode(value: unknown): value is Node {
  return isScalar(value) || isMap(value) || isSeq(value) || isAlias(value)
}

/** The plain value of a node. */
export function valueOf(node: YamlNode): Value {
  if (node.kind === 'scalar') return node.value
  if (node.kind === 'list') return node.items.map(valueOf)
  return Object.fromEntries(node.entries.map((entry) => [entry.key, valueOf(entry.value)]))
}

/** The kind of a node in the words of a message. */
export function kindOfNode(node: YamlNode): string {
  if (node.kind !== 'scalar') return `a ${node.kind}`
  if (node.value === null) return 'empty'
  return { string: 'a text', number: 'a number', boolean: 'true or false' }[
    typeof node.value as 'string' | 'number' | 'boolean'
  ]
}
