import type { z } from 'zod'
import { PolicyError } from '../errors.ts'
import { evaluateDeep } from '../expr/interpolate.ts'
import { liquidTemplate } from '../expr/liquid.ts'
import type { Scope } from '../expr/run.ts'
import type { Value } from '../model.ts'
import { checkAttributes, type AttributeProblem } from './attributes.ts'
import { COMMON_ATTRIBUTES, isCommon } from './common.ts'
import { pathProblem } from './source.ts'
import { sourceAttributes, takesTemplate, type TypeSchema } from './types.ts'

/** Paths of the files of a bundle: a Map or Set by path will do. */
export interface BundlePaths {
  has(path: string): boolean
  keys(): Iterable<string>
}

/** A resource whose attributes are to be evaluated; references, `when` and `each` are dealt with elsewhere. */
export interface Unresolved {
  readonly key: string
  readonly type: TypeSchema
  readonly attrs: Readonly<Record<string, Value>>
  readonly templates: Readonly<Record<string, string>>
  readonly files: BundlePaths
}

type CommonAttributes = z.infer<typeof COMMON_ATTRIBUTES>
const NO_COMMON = { success: true, data: {} } as const

export interface ResolvedAttributes {
  readonly common: Pick<
    CommonAttributes,
    'sensitive' | 'noop' | 'onRemove' | 'tags' | 'retries' | 'delay' | 'timeout' | 'schedule'
  >
  readonly attrs: Readonly<Record<string, Value | Uint8Array>>
}

/**
 * Evaluates and checks attributes. One that gives null is left out, as if it were not written. A template becomes
 * `content` in bytes; `path` comes out absolute and clean.
 *
 * @throws PolicyError E_ATTRIBUTE with every problem in its message, E_PATH, E_NO_FILE, E_TEMPLATE and those of expressions
 */
export function resolveAttributes(resource: Unresolved, scope: Scope): ResolvedAttributes {
  const common: Record<string, Value> = {}
  const own: Record<string, Value> = {}
  for (const [attr, written] of Object.entries(resource.attrs)) {
    const value = evaluateAttribute(attr, written, scope)
    if (value !== null) (isCommon(attr, resource.type) ? common : own)[attr] = value
  }
  // Most resources have none of them.
  const checkedCommon = Object.keys(common).length === 0 ? NO_COMMON : COMMON_ATTRIBUTES.safeParse(common)
  const checked = checkAttributes(resource.type.schema, own)
  if (checkedCommon.success && 'attrs' in checked) {
    return { common: checkedCommon.data, attrs: finish(resource, checked.attrs, scope) }
  }
  throw unfit(
    [checkAttributes(COMMON_ATTRIBUTES, common), checked].flatMap((check) =>
      'problems' in check ? check.problems : [],
    ),
  )
}

function evaluateAttribute(attr: string, written: Value, scope: Scope): Value {
  try {
    return evaluateDeep(written, scope)
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error
    throw new PolicyError(error.code, `${attr}: ${error.message}`, error.hint === undefined ? {} : { hint: error.hint })
  }
}

function unfit(problems: readonly AttributeProblem[]): PolicyError {
  const hints = problems.flatMap((problem) => problem.hint ?? [])
  const message = problems.map((problem) => problem.message).join('; ')
  return new PolicyError('E_ATTRIBUTE', message, hints.length === 0 ? {} : { hint: hints.join(' ') })
}

function finish(
  resource: Unresolved,
  checked: Readonly<Record<string, unknown>>,
  scope: Scope,
): Record<string, Value | Uint8Array> {
  const attrs: Record<string, Value | Uint8Array> = {}
  for (const [attr, value] of Object.entries(checked)) if (value !== undefined) attrs[attr] = asAttribute(attr, value)
  const { template, path } = attrs
  if (takesTemplate(resource.type) && typeof template === 'string') {
    delete attrs['template']
    attrs['content'] = render(resource, template, scope)
  }
  if (typeof path === 'string') attrs['path'] = cleanPath(path)
  for (const attr of sourceAttributes(resource.type)) {
    const source = attrs[attr]
    if (typeof source === 'string') attrs[attr] = cleanSource(source, resource.files)
  }
  return attrs
}

/** What a schema gives must be values of the language again, or bytes: it goes into plans, diffs and the host. */
function asAttribute(attr: string, value: unknown): Value | Uint8Array {
  if (value instanceof Uint8Array) return value
  if (value === null || typeof value === 'string' || typeof value === 'boolean' || typeof value === 'number')
    return value
  if (Array.isArray(value)) return value.map((item) => plain(attr, item))
  if (typeof value !== 'object') throw new PolicyError('E_ATTRIBUTE', `${attr} is not a plain value`)
  const entries = Object.entries(value).filter(([, item]) => item !== undefined)
  return Object.fromEntries(entries.map(([key, item]) => [key, plain(attr, item)]))
}

function plain(attr: string, value: unknown): Value {
  const made = asAttribute(attr, value)
  if (made instanceof Uint8Array) throw new PolicyError('E_ATTRIBUTE', `${attr} has bytes inside`)
  return made
}

function render(resource: Unresolved, file: string, scope: Scope): Uint8Array {
  const source = Object.hasOwn(resource.templates, file) ? resource.templates[file] : undefined
  if (source === undefined) throw new PolicyError('E_NO_FILE', `the bundle has no template '${file}'`)
  return new TextEncoder().encode(liquidTemplate(file, source).render(scope))
}

/**
 * A path on the host without `//`, `.` and an ending `/`.
 *
 * @throws PolicyError E_PATH if it is not absolute, has `..`, or a control character
 */
export function cleanPath(path: string): string {
  if (!path.startsWith('/'))
    throw new PolicyError('E_PATH', `the path '${path}' is not absolute`, { hint: 'Start it with /.' })
  const parts = path.split('/').filter((part) => part !== '' && part !== '.')
  if (parts.includes('..'))
    throw new PolicyError('E_PATH', `the path '${path}' has ..`, { hint: 'Write the path out.' })
  if (/\p{Cc}/u.test(path) || !path.isWellFormed()) {
    throw new PolicyError('E_PATH', `the path ${JSON.stringify(path)} has control characters`)
  }
  return `/${parts.join('/')}`
}

/** The path of a file or folder of the bundle, without an ending `/`. */
function cleanSource(source: string, files: BundlePaths): string {
  const path = source.endsWith('/') ? source.slice(0, -1) : source
  const problem = pathProblem(path)
  if (problem !== undefined) throw new PolicyError('E_PATH', `the source '${source}' ${problem}`)
  if (files.has(path) || foldersOf(files).has(path)) return path
  throw new PolicyError('E_NO_FILE', `the bundle has no file '${source}'`)
}

const folders = new WeakMap<BundlePaths, ReadonlySet<string>>()

/** Every folder that some file of the bundle lies in; worked out once for each bundle. */
function foldersOf(files: BundlePaths): ReadonlySet<string> {
  const known = folders.get(files)
  if (known !== undefined) return known
  const found = new Set<string>()
  for (const path of files.keys()) {
    for (let slash = path.lastIndexOf('/'); slash > 0; slash = path.lastIndexOf('/', slash - 1)) {
      const folder = path.slice(0, slash)
      if (found.has(folder)) break
      found.add(folder)
    }
  }
  folders.set(files, found)
  return found
}
