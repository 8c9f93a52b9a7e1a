import { stripVTControlCharacters } from 'node:util'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Io } from '../io.ts'
import { chorus } from '../testing/world.ts'
import { asciiOf, forLocale } from './ascii.ts'
import { grid } from './grid.ts'
import { outcomesText } from './outcomes.ts'
import { paintFor } from './paint.ts'
import { age, bytes, clip, listed, safe, short, stamp, width } from './text.ts'

const plain = paintFor({ NO_COLOR: '1' }, { isTTY: true, columns: 80, write: () => undefined })

describe('text from elsewhere', () => {
  it('cannot steer the terminal', () => {
    expect(safe('a\u001b[31mb\rc\u0007\u202e')).toBe('a\\x1b[31mb\\x0dc\\x07\\x202e')
    expect(safe('a\nb\tc', true)).toBe('a\nb\tc')
    expect(safe('a\nb')).toBe('a\\x0ab')
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => stripVTControlCharacters(safe(text)) === safe(text)))
  })
})

it('A plan says what would be changed and what repaired, and shows tabs of a diff as they are', () => {
  const outcomes = [
    { policy: 'p', key: 'file/a', state: 'changed', reason: 'new content', diff: '+a\tb\u001b\n' },
    { policy: 'p', key: 'file/b', state: 'repaired', reason: 'mode' },
  ] as const
  expect(outcomesText(plain, outcomes, { planned: true })).toBe(
    '+ change file/a new content\n    +a\tb\\x1b\n↻ repair file/b mode\n2 resources: 1 to change, 1 to repair\n',
  )
})

describe('a table', () => {
  it('aligns columns by what is seen, not by characters', () => {
    const rows = [
      ['é', '1'],
      ['日本', '10'],
      ['\u001b[31mred\u001b[39m', '100'],
    ]
    expect(
      grid(plain, [{ title: 'NAME' }, { title: 'N', align: 'right' }], rows)
        .split('\n')
        .map(width),
    ).toEqual([9, 9, 9, 9, 0])
  })
  it('of nothing is nothing', () => expect(grid(plain, [{ title: 'A' }], [])).toBe(''))
  it('cuts long text at the edge', () => {
    expect(clip('abcdef', 4)).toBe('abc…')
    expect(clip('日本語', 4)).toBe('日…')
    expect(clip('abc', 3)).toBe('abc')
  })
})

describe('colour', () => {
  const tty = { isTTY: true, columns: 80, write: () => undefined }
  const red = (env: Record<string, string>, isTTY = true): boolean =>
    paintFor(env, { ...tty, isTTY })('red', 'x') !== 'x'
  it('is for terminals, unless NO_COLOR or TERM=dumb says no, or FORCE_COLOR yes', () => {
    expect([
      red({}),
      red({}, false),
      red({ NO_COLOR: '1' }),
      red({ NO_COLOR: '' }),
      red({ TERM: 'dumb' }),
      red({ FORCE_COLOR: '1' }, false),
      red({ FORCE_COLOR: '0' }),
      red({ FORCE_COLOR: '1', NO_COLOR: '1' }),
    ]).toEqual([true, false, false, true, false, true, false, false])
  })
})

describe('figures', () => {
  it('are short', () => {
    expect([bytes(0), bytes(999), bytes(1500), bytes(2_500_000), bytes(123_456_789)]).toEqual([
      '0 B',
      '999 B',
      '1.5 KB',
      '2.5 MB',
      '123 MB',
    ])
    expect([age(-5), age(89_000), age(600_000), age(7_200_000), age(864_000_000)]).toEqual([
      '0s',
      '89s',
      '10m',
      '2h',
      '10d',
    ])
    expect(stamp(0)).toBe('1970-01-01 00:00:00Z')
    expect(stamp(Number.MAX_SAFE_INTEGER)).toBe('9007199254740991')
    expect([listed([]), listed(['a']), listed(['a', 'b', 'c']), listed(['a', 'b', 'c', 'd'], 2)]).toEqual([
      '',
      'a',
      'a, b and c',
      'a, b and 2 more',
    ])
    expect(short('bafyreiabcdefghijklmnop')).toBe('ghijklmnop')
  })
})

describe('a terminal whose locale is not UTF-8', () => {
  const env = { LANG: 'C', LC_ALL: '', LC_CTYPE: '' }

  it('gets ASCII of the same width, and a pipe what it always gets', async () => {
    expect(asciiOf('● ok ✗ failed ▽ down … 港')).toBe('* ok x failed v down ~ ??')
    const help = ['nodes', '--help']
    const shown = await chorus(['publish', '…'], { env, tty: true })
    expect(shown.err).toMatch(/^[\u0020-\u007e\n]+$/)
    expect((await chorus(help, { env })).out).toBe((await chorus(help, { env: { LANG: 'C.UTF-8' } })).out)
  })

  it('is one where nothing says UTF-8', () => {
    let said = ''
    const sink = { isTTY: true, columns: 80, write: (text: string) => void (said += text) }
    const never = () => Promise.reject(new Error('nobody is asked'))
    const stdin = { isTTY: false, read: never, line: never, secret: never }
    const { signal } = new AbortController()
    const io: Io = { stdout: sink, stderr: sink, stdin, env, cwd: '/', uid: 0, now: () => 0, signal }
    forLocale(io).stdout.write('●')
    forLocale({ ...io, env: { LC_ALL: 'de_DE.utf8' } }).stdout.write('●')
    forLocale({ ...io, stdout: { ...sink, isTTY: false } }).stdout.write('●')
    expect(said).toBe('*●●')
  })
})
