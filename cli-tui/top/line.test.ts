import { describe, expect, it } from 'vitest'
import { cell, clean, columnsOf, fit, rowText, span, wrap } from './line.ts'
import { ASCII, marksFor, UNICODE } from './marks.ts'

describe('rows', () => {
  const style = { columns: 10, marks: UNICODE, colour: false }

  it('are exactly as wide as the screen, whatever is in them', () => {
    for (const text of ['', 'short', 'much too long a text', '日本語日本語日本語', 'a\u001b[31mb'])
      expect(columnsOf(rowText([span(text)], style))).toBe(10)
  })

  it('mark what was cut', () => {
    expect(rowText([span('much too long')], style)).toBe('much too …')
    expect(rowText([span('much too long')], { ...style, marks: ASCII })).toBe('much too ~')
  })

  it('escape what would steer the terminal', () => {
    expect(clean('a\u001b[2Jb', UNICODE)).toBe('a\\x1b[2Jb')
    expect(clean('naïve', ASCII)).toBe('na?ve')
  })

  it('colour with the 16 colours only, and not at all when asked', () => {
    expect(rowText([span('x', 'good')], { ...style, colour: true })).toBe(`\u001b[32mx\u001b[0m${' '.repeat(9)}`)
    expect(rowText([span('x', 'good')], style)).toBe(`x${' '.repeat(9)}`)
  })
})

describe('cells', () => {
  it('are padded on the side that their column wants', () => {
    expect(cell('ab', 4, UNICODE)).toBe('ab  ')
    expect(cell('ab', 4, UNICODE, 'right')).toBe('  ab')
  })

  it('never cut a wide character in half', () => {
    expect(fit('日本語', 4, UNICODE)).toBe('日…')
  })
})

describe('wrapping', () => {
  it('breaks at spaces, and leaves a word that is too long whole', () => {
    expect(wrap('one two three', 7)).toEqual(['one two', 'three'])
    expect(wrap('incomprehensible', 5)).toEqual(['incomprehensible'])
  })
})

describe('the locale', () => {
  it('decides between UTF-8 and ASCII as POSIX says', () => {
    expect(marksFor({ LANG: 'en_GB.UTF-8' })).toBe(UNICODE)
    expect(marksFor({ LANG: 'en_GB.UTF-8', LC_ALL: 'C' })).toBe(ASCII)
    expect(marksFor({ LC_ALL: '', LC_CTYPE: 'C.utf8' })).toBe(UNICODE)
    expect(marksFor({})).toBe(ASCII)
  })
})
