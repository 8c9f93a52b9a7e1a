import type { PolicyErrorCode } from '../errors.ts'
import { LIMITS } from '../limits.ts'
import type { SecretSource } from '../model.ts'
import type { Report } from './diagnostic.ts'
import type { YamlEntry, YamlNode } from './yaml.ts'

/** A value that a program may write where a policy file has one; undefined counts as not written. */
export type Written =
  | null
  | boolean
  | number
  | string
  | undefined
  | readonly Written[]
  | { readonly [key: string]: Written }

/** A policy as a program writes it: the same keys and values as in `policy.yaml`. */
export interface PolicyDocument {
  readonly policy: string
  /** Undefined only if what it extends has one. */
  readonly select?: string
  readonly extends?: string
  readonly after?: readonly string[]
  readonly vars?: { readonly [name: string]: Written }
  readonly data?: readonly string[]
  /** `type/name` to attributes. */
  readonly resources?: { readonly [key: string]: { readonly [attr: string]: Written } | null }
  readonly components?: {
    readonly [instance: string]: {
      readonly use: string
      readonly with?: { readonly [parameter: string]: Written }
      readonly each?: Written
      readonly when?: string
    }
  }
  readonly secrets?: { readonly [name: string]: SecretSource }
  readonly health?: readonly Written[]
  readonly onChange?: { readonly [when: string]: Written }
  readonly rollout?: { readonly [key: string]: Written }
  readonly priority?: number
  readonly onFork?: 'newest' | 'hold'
}

/**
 * Names a value as a policy, for its type: what `policy.ts` exports. Its bundle has the same CID as that of the same
 * policy in YAML.
 *
 * @example
 * export default definePolicy({
 *   policy: 'web/hello',
 *   select: 'true',
 *   resources: { 'file/motd': { path: '/etc/motd', content: 'Hello from ${node.name}\n' } },
 * })
 */
export function definePolicy(document: PolicyDocument): PolicyDocument {
  return document
}

/** The nodes that the compiler would get from YAML. What has no form in YAML is reported; everything stands at line 1. */
export function nodeOfValue(value: unknown, file: string, report: Report): YamlNode {
  return new Reader(file, report).read(value, [])
}

class Reader {
  readonly #file: string
  readonly #report: Report
  #nodesLeft: number = LIMITS.yamlNodes

  constructor(file: string, report: Report) {
    this.#file = file
    this.#report = report
  }

  read(value: unknown, path: readonly string[]): YamlNode {
    // A value that contains itself ends here: at its depth, or, where it branches, at the number of its nodes.
    if (path.length > LIMITS.depth || --this.#nodesLeft < 0) {
      const where = path.slice(0, 3).join('.')
      this.#complain(
        'E_YAML_DEPTH',
        `${where} goes on for more than ${LIMITS.depth} levels or ${LIMITS.yamlNodes} values`,
      )
      this.#nodesLeft = 0
      return this.#scalar(null)
    }
    if (value === null || typeof value === 'boolean') return this.#scalar(value)
    if (typeof value === 'string' && value.isWellFormed()) return this.#scalar(value)
    if (typeof value === 'number' && Number.isSafeInteger(value)) return this.#scalar(value === 0 ? 0 : value)
    if (Array.isArray(value)) {
      return {
        kind: 'list',
        file: this.#file,
        offset: 0,
        items: value.map((item, i) => this.read(item, [...path, String(i)])),
      }
    }
    if (typeof value === 'object' && isPlain(value))
      return { kind: 'map', file: this.#file, offset: 0, entries: this.#entries(value, path) }
    const where = path.length === 0 ? 'the policy' : path.join('.')
    const hint = 'Use texts, whole numbers, booleans, null, lists and maps.'
    this.#complain('E_VALUE', `${where} is not a plain value`, hint)
    return this.#scalar(null)
  }

  #entries(value: object, path: readonly string[]): YamlEntry[] {
    return Object.entries(value).flatMap(([key, item]: [string, unknown]) => {
      if (item === undefined) return []
      if (key !== '__proto__') return [{ key, file: this.#file, offset: 0, value: this.read(item, [...path, key]) }]
      this.#complain('E_VALUE', `the key '__proto__' is not allowed`, 'Choose another name.')
      return []
    })
  }

  #scalar(value: null | boolean | number | string): YamlNode {
    return { kind: 'scalar', value, file: this.#file, offset: 0, end: 0 }
  }

  #complain(code: PolicyErrorCode, message: string, hint?: string): void {
    this.#report.add(code, { file: this.#file, line: 1, column: 1 }, message, hint)
  }
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || prototype === Object.prototype
}
