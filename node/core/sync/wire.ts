import { fromHex, toHex } from '../records/keys.ts'
import { wrong } from '../records/shape.ts'
import type { Shape } from '../records/shape.ts'

/** Shapes that frames need and records do not. */

/** 32 bytes on the wire, hex in memory. Unlike a key it may be anything, all zeros included. */
export const hash: Shape<string> = {
  read(v) {
    if (!(v instanceof Uint8Array) || v.length !== 32) throw wrong('a hash must be 32 bytes')
    return toHex(v)
  },
  write(v) {
    if (v.length !== 64) throw wrong('a hash must be 64 hex digits')
    return fromHex(v)
  },
}

/** Bytes up to a bound, kept as they are (an envelope inside a frame is checked when it is taken in). */
export function bytesUpTo(max: number): Shape<Uint8Array> {
  function check(v: unknown): Uint8Array {
    if (!(v instanceof Uint8Array) || v.length > max) throw wrong(`it must be bytes, ${max} at most`)
    return v
  }
  return { read: check, write: check }
}

type Choices = Readonly<Record<string, Shape<unknown>>>
type Chosen<C extends Choices> = { [K in keyof C]: C[K] extends Shape<infer T> ? T : never }[keyof C]

/** One of several maps, told apart by the text in `field`. */
export function choice<const C extends Choices>(field: string, choices: C): Shape<Chosen<C>> {
  function pick(v: unknown): Shape<unknown> {
    const map: unknown = typeof v === 'object' && v !== null ? Reflect.get(v, field) : undefined
    const shape = typeof map === 'string' && Object.hasOwn(choices, map) ? choices[map] : undefined
    if (shape === undefined) throw wrong(`its ${field} is none that this version knows`)
    return shape
  }
  return {
    // The shape that was picked gives the type that belongs to it, which the type system cannot follow.
    read: (v) => pick(v).read(v) as Chosen<C>,
    write: (v) => pick(v).write(v),
  }
}
