import { CID } from 'multiformats/cid'
import { CoreError } from '../errors.ts'
import { fromHex, isKey, isSmallOrder, toHex } from './keys.ts'
import { RECORD_LIMITS } from './limits.ts'
import type { Cid, Key } from './types.ts'

/**
 * Small checkers that go both ways: `read` turns a decoded wire value into its form in memory or throws, `write` the
 * reverse. A library would do as well and take several times as long; a simulator decodes millions.
 */
export interface Shape<T> {
  /** @throws CoreError E_MALFORMED */
  read(wire: unknown): T
  /** @throws CoreError E_MALFORMED */
  write(value: T): unknown
}

export interface ObjectShape<T> extends Shape<T> {
  readonly fields: ReadonlySet<string>
}

export type Shaped<S> = S extends Shape<infer T> ? T : never

export function wrong(what: string): CoreError {
  return new CoreError('E_MALFORMED', `The record is refused: ${what}.`, { what })
}

/** The same form on both sides. */
function same<T>(check: (wire: unknown) => T): Shape<T> {
  return { read: check, write: check }
}

export function text(max: number, min = 0): Shape<string> {
  return same((v) => {
    if (typeof v !== 'string') throw wrong('it must be text')
    if (v.length > max || v.length < min) throw wrong(`its length must be ${min} to ${max} characters`)
    return v
  })
}

export function matching(pattern: RegExp, what: string, max: number): Shape<string> {
  return same((v) => {
    if (typeof v !== 'string' || v.length > max || !pattern.test(v)) throw wrong(`it must be ${what}`)
    return v
  })
}

export function int(min = 0, max = Number.MAX_SAFE_INTEGER): Shape<number> {
  return same((v) => {
    if (typeof v !== 'number' || !Number.isSafeInteger(v) || v < min || v > max) {
      throw wrong(`it must be a whole number from ${min} to ${max}`)
    }
    // -0 would be written as 0.
    return v === 0 ? 0 : v
  })
}

export const bool: Shape<boolean> = same((v) => {
  if (typeof v !== 'boolean') throw wrong('it must be true or false')
  return v
})

export function bytes(length: number): Shape<Uint8Array> {
  return same((v) => {
    if (!(v instanceof Uint8Array) || v.length !== length) throw wrong(`it must be ${length} bytes`)
    return v
  })
}

export function literal<const T extends string | number>(...allowed: readonly T[]): Shape<T> {
  return same((v) => {
    const found = allowed.find((x) => x === v)
    if (found === undefined) throw wrong(`it must be ${allowed.map((x) => JSON.stringify(x)).join(' or ')}`)
    return found
  })
}

/** 32 raw bytes to hex. Points of small order are refused wherever a record names a key. */
export const key: Shape<Key> = {
  read(v) {
    if (!(v instanceof Uint8Array) || v.length !== 32) throw wrong('a key must be 32 bytes')
    return sound(toHex(v))
  },
  write(v) {
    if (!isKey(v)) throw wrong('a key must be 64 lower-case hex digits')
    return fromHex(sound(v))
  },
}

function sound(hex: Key): Key {
  if (isSmallOrder(hex)) throw wrong('a key is a point of small order, for which anyone can sign')
  return hex
}

const SHA2_256 = 0x12
const DAG_CBOR = 0x71
const RAW = 0x55

function linkTo(codecs: readonly number[], what: string): Shape<Cid> {
  function check(cid: CID | null): CID {
    if (cid === null || cid.version !== 1 || cid.multihash.code !== SHA2_256 || cid.multihash.digest.length !== 32) {
      throw wrong(`it must be a link (CID version 1, sha2-256) to ${what}`)
    }
    if (!codecs.includes(cid.code)) throw wrong(`it must be a link to ${what}`)
    return cid
  }
  return {
    read: (v) => check(CID.asCID(v)).toString(),
    write(v) {
      try {
        return check(CID.parse(v))
      } catch {
        throw wrong(`"${v.slice(0, 80)}" is not a link to ${what}`)
      }
    },
  }
}

export const link = linkTo([DAG_CBOR], 'a record')
export const blobLink = linkTo([DAG_CBOR, RAW], 'a blob')

export function nullable<T>(inner: Shape<T>): Shape<T | null> {
  return {
    read: (v) => (v === null ? null : inner.read(v)),
    write: (v) => (v === null ? null : inner.write(v)),
  }
}

export function list<T>(inner: Shape<T>, max: number, min = 0): Shape<readonly T[]> {
  function size(v: readonly unknown[]): void {
    if (v.length > max || v.length < min) throw wrong(`it must have ${min} to ${max} elements`)
  }
  return {
    read(v) {
      if (!Array.isArray(v)) throw wrong('it must be a list')
      size(v)
      return v.map((x) => inner.read(x))
    },
    write(v) {
      size(v)
      return v.map((x) => inner.write(x))
    },
  }
}

/** A list of texts, keys or links in which nothing is named twice. */
export function unique<T extends string>(inner: Shape<T>, max: number, min = 0): Shape<readonly T[]> {
  const plain = list(inner, max, min)
  function once(v: readonly T[]): readonly T[] {
    if (v.length > 1 && new Set(v).size !== v.length) throw wrong('it names something twice')
    return v
  }
  return { read: (v) => once(plain.read(v)), write: (v) => plain.write(once(v)) }
}

export function record<T>(inner: Shape<T>, max: number, maxKey: number): Shape<Readonly<Record<string, T>>> {
  function each<A, B>(v: Readonly<Record<string, A>>, turn: (x: A) => B): Record<string, B> {
    const entries = Object.entries(v)
    if (entries.length > max) throw wrong(`it must have ${max} entries at most`)
    const out: Record<string, B> = {}
    for (const [name, value] of entries) {
      if (name.length === 0 || name.length > maxKey || name === '__proto__')
        throw wrong(`a key must be 1 to ${maxKey} characters`)
      out[name] = within(name, () => turn(value))
    }
    return out
  }
  return { read: (v) => each(mapOf(v), (x) => inner.read(x)), write: (v) => each(v, (x) => inner.write(x)) }
}

/** Any value without floats, kept as it is: what this build stores and shows but does not act on. */
export const plain: Shape<unknown> = same((v) => {
  checkPlain(v, 0)
  return v
})

function checkPlain(v: unknown, depth: number): void {
  if (depth > RECORD_LIMITS.depth) throw wrong('it is nested too deeply')
  if (v === null || typeof v === 'string' || typeof v === 'boolean') return
  if (typeof v === 'number') {
    if (!Number.isSafeInteger(v)) throw wrong('a number in it is not whole or beyond 2^53-1')
    return
  }
  if (v instanceof Uint8Array || CID.asCID(v) !== null) return
  if (typeof v !== 'object') throw wrong(`it holds a ${typeof v}`)
  for (const x of Object.values(v)) checkPlain(x, depth + 1)
}

type Fields = Readonly<Record<string, Shape<unknown>>>
/** Without optional fields. */
type NoFields = { readonly [K in never]: Shape<unknown> }
type Read<R extends Fields, O extends Fields> = { readonly [K in keyof R]: Shaped<R[K]> } & {
  readonly [K in keyof O]?: Shaped<O[K]>
}

/** Fields that are not named are passed over: a newer build may have written them. */
export function object<const R extends Fields, const O extends Fields = NoFields>(
  required: R,
  optional?: O,
): ObjectShape<Read<R, O>> {
  const must = Object.entries(required)
  const may = Object.entries(optional ?? {})
  function turn(from: Readonly<Record<string, unknown>>, how: 'read' | 'write'): Record<string, unknown> {
    const out: Record<string, unknown> = {}
    let field = ''
    try {
      for (const [name, shape] of must) {
        field = name
        if (!Object.hasOwn(from, name)) throw wrong('it is missing')
        out[name] = how === 'read' ? shape.read(from[name]) : shape.write(from[name])
      }
      for (const [name, shape] of may) {
        field = name
        if (!Object.hasOwn(from, name) || from[name] === undefined) continue
        out[name] = how === 'read' ? shape.read(from[name]) : shape.write(from[name])
      }
    } catch (error) {
      throw locate(field, error)
    }
    return out
  }
  return {
    fields: new Set([...must, ...may].map(([name]) => name)),
    // The loop above built exactly these fields with exactly these shapes, which the type system cannot follow.
    read: (v) => turn(mapOf(v), 'read') as Read<R, O>,
    write: (v) => turn(v, 'write'),
  }
}

function mapOf(v: unknown): Readonly<Record<string, unknown>> {
  if (typeof v !== 'object' || v === null || Array.isArray(v) || v instanceof Uint8Array || CID.asCID(v) !== null) {
    throw wrong('it must be a map')
  }
  // A decoded map: its keys are texts by the scan that came before.
  return v as Readonly<Record<string, unknown>>
}

function within<T>(field: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw locate(field, error)
  }
}

function locate(field: string, error: unknown): unknown {
  if (!(error instanceof CoreError) || error.code !== 'E_MALFORMED') return error
  const path = typeof error.fields['path'] === 'string' ? `${field}.${error.fields['path']}` : field
  const what = typeof error.fields['what'] === 'string' ? error.fields['what'] : error.message
  return new CoreError('E_MALFORMED', `The record is refused at ${path}: ${what}.`, { path, what })
}
