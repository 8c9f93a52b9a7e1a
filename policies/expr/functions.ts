import { PolicyError } from '../errors.ts'
import { matches } from './regex.ts'
import type { Run } from './run.ts'
import { isList, isMap, kindOf, toText, type ExprValue } from './value.ts'
import { Version } from './version.ts'

/** A function of the expression language. For a method the receiver is the first argument. */
export interface ExprFunction {
  readonly args: readonly [min: number, max: number]
  call(run: Run, ...args: readonly ExprValue[]): ExprValue
  /** What it does, for `chorus docs`. */
  readonly does: string
}

function wrong(name: string, wanted: string, got: ExprValue): PolicyError {
  return new PolicyError('E_EXPR', `${name} needs ${wanted}, not ${kindOf(got)}`)
}

function text(name: string, value: ExprValue | undefined): string {
  if (typeof value === 'string') return value
  throw wrong(name, 'a text', value ?? null)
}

function whole(name: string, value: ExprValue | undefined): number {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return value
  throw wrong(name, 'a whole number', value ?? null)
}

function size(_run: Run, value: ExprValue = null): number {
  if (typeof value === 'string') return Array.from(value).length
  if (isList(value)) return value.length
  if (isMap(value)) return Object.keys(value).length
  throw wrong('size', 'a text, a list or a map', value)
}

function toInt(_run: Run, value: ExprValue = null): number {
  if (typeof value === 'number') return Math.trunc(value)
  if (typeof value !== 'string') throw wrong('int', 'a text or a number', value)
  const number = Number(value)
  if (/^[+-]?\d{1,16}$/.test(value) && Number.isSafeInteger(number)) return number
  throw new PolicyError('E_EXPR', `int('${value.slice(0, 40)}') is not a whole number`)
}

/** Called by name: `version(labels.os)`. */
export const FUNCTIONS: Readonly<Record<string, ExprFunction>> = {
  version: {
    args: [1, 1],
    does: 'a version to compare: version("10") > version("9")',
    call: (_run, value = null) => (value instanceof Version ? value : new Version(text('version', value))),
  },
  size: { args: [1, 1], does: 'characters of a text, items of a list, keys of a map', call: size },
  string: {
    args: [1, 1],
    does: 'the text of a number, a boolean or a version',
    call: (_run, value = null) => (value instanceof Version ? value.text : toText(value)),
  },
  int: { args: [1, 1], does: 'the whole number in a text', call: toInt },
  keys: {
    args: [1, 1],
    does: 'the keys of a map, sorted',
    call: (run, value = null) => {
      if (!isMap(value)) throw wrong('keys', 'a map', value)
      const keys = Object.keys(value).sort()
      run.charge(keys.length)
      return keys
    },
  },
}

const textTest = (name: string, test: (text: string, part: string) => boolean, does: string): ExprFunction => ({
  args: [1, 1],
  does,
  call: (run, value, part) => {
    const own = text(name, value)
    run.charge(own.length >> 4)
    return test(own, text(name, part))
  },
})

const textMap = (name: string, map: (text: string) => string, does: string): ExprFunction => ({
  args: [0, 0],
  does,
  call: (run, value) => {
    const own = text(name, value)
    run.chargeText(own.length)
    return map(own)
  },
})

/** Steps for each character that a pattern looks at: an RE2 program has up to some thousand states. */
const STEPS_PER_MATCHED_CHAR = 16

/** Called on a value: `labels.role.startsWith('web')`. */
export const METHODS: Readonly<Record<string, ExprFunction>> = {
  startsWith: textTest('startsWith', (a, b) => a.startsWith(b), 'whether a text starts with another'),
  endsWith: textTest('endsWith', (a, b) => a.endsWith(b), 'whether a text ends with another'),
  contains: textTest('contains', (a, b) => a.includes(b), 'whether a text contains another'),
  matches: {
    args: [1, 1],
    does: 'whether a pattern (RE2) occurs in a text',
    call: (run, value, pattern) => {
      const own = text('matches', value)
      run.charge(own.length * STEPS_PER_MATCHED_CHAR)
      return matches(own, text('matches', pattern))
    },
  },
  lowerAscii: textMap('lowerAscii', (a) => a.replace(/[A-Z]+/g, (part) => part.toLowerCase()), 'A-Z as a-z'),
  upperAscii: textMap('upperAscii', (a) => a.replace(/[a-z]+/g, (part) => part.toUpperCase()), 'a-z as A-Z'),
  trim: textMap('trim', (a) => a.trim(), 'a text without white space at its ends'),
  size: { args: [0, 0], does: 'characters of a text, items of a list, keys of a map', call: size },
  replace: {
    args: [2, 2],
    does: 'a text with every occurrence of a part replaced',
    call: (run, value, from, to) => {
      const parts = text('replace', value).split(text('replace', from))
      const by = text('replace', to)
      run.chargeText(text('replace', value).length + parts.length * by.length)
      return parts.join(by)
    },
  },
  split: {
    args: [1, 1],
    does: 'the parts of a text between separators',
    call: (run, value, separator) => {
      run.charge(text('split', value).length)
      return text('split', value).split(text('split', separator))
    },
  },
  join: {
    args: [0, 1],
    does: 'the items of a list as one text, with a separator between them',
    call: (run, value = null, separator = '') => {
      if (!isList(value)) throw wrong('join', 'a list', value)
      const parts = value.map(toText)
      const by = text('join', separator)
      run.chargeText(parts.reduce((sum, part) => sum + part.length + by.length, 0))
      return parts.join(by)
    },
  },
  substring: {
    args: [1, 2],
    does: 'the part of a text from a position (0 is the first), up to another',
    call: (_run, value, from, to) => {
      const own = text('substring', value)
      const start = whole('substring', from)
      const end = to === undefined ? own.length : whole('substring', to)
      if (start < 0 || end < start || end > own.length) {
        throw new PolicyError('E_EXPR', `substring(${start}, ${end}) is outside a text of ${own.length} characters`)
      }
      return own.slice(start, end)
    },
  },
  indexOf: {
    args: [1, 1],
    does: 'where a part starts in a text, or -1',
    call: (run, value, part) => {
      run.charge(text('indexOf', value).length >> 4)
      return text('indexOf', value).indexOf(text('indexOf', part))
    },
  },
}
