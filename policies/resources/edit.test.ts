import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { edited, mergeUndo, unedited, type Edit } from './edit.ts'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const text = (of: Uint8Array): string => new TextDecoder('utf-8', { ignoreBOM: true }).decode(of)

/** The file after an edit; checks that a second time changes nothing, and that taking it back gives the file from before. */
function edit(before: string, what: Edit, takesBack = true): string {
  const { bytes: after, undo } = edited(bytes(before), what, '/etc/x')
  expect(edited(after, what, '/etc/x')).toEqual({ bytes: after, undo: null })
  if (takesBack) expect(undo === null ? text(after) : text(unedited(after, undo, '/etc/x'))).toBe(before)
  return text(after)
}

const line = (one: { text: string; match?: string; after?: string; before?: string; absent?: boolean }): Edit => ({
  kind: 'line',
  lines: [one],
})
const SSHD = '# comment\n#PermitRootLogin yes\nUsePAM yes\n'

describe('a line', () => {
  it('replaces the last one that matches, or goes to its place', () => {
    expect(edit(SSHD, line({ text: 'PermitRootLogin no', match: '^#?PermitRootLogin ' }))).toBe(
      '# comment\nPermitRootLogin no\nUsePAM yes\n',
    )
    expect(edit(SSHD, line({ text: 'X', after: '^# comment' }))).toBe(`# comment\nX\n${SSHD.slice(10)}`)
    expect(edit(SSHD, line({ text: 'X', before: '^UsePAM' }))).toBe('# comment\n#PermitRootLogin yes\nX\nUsePAM yes\n')
    expect(edit(SSHD, line({ text: 'X' }))).toBe(`${SSHD}X\n`)
    expect(edit(SSHD, line({ text: 'UsePAM yes' }))).toBe(SSHD)
  })

  it('that is to be absent goes, and those that match', () => {
    expect(edit(SSHD, line({ text: 'UsePAM yes', absent: true }), false)).toBe('# comment\n#PermitRootLogin yes\n')
    expect(edit(SSHD, line({ text: '', match: '^#', absent: true }), false)).toBe('UsePAM yes\n')
  })

  it('keeps the line end of every line, also where they differ or the last has none', () => {
    const port = line({ text: 'Port 2222', match: '^Port ' })
    expect(edit('a\r\nb\r\n', line({ text: 'c' }))).toBe('a\r\nb\r\nc\r\n')
    expect(edit('a\nPort 22\nc\r\nd\n', port)).toBe('a\nPort 2222\nc\r\nd\n')
    expect(edit('a\r\nb\r\nPort 22\nd', port)).toBe('a\r\nb\r\nPort 2222\nd')
    expect(edit('a\nb\r\nc\nd', line({ text: 'x', after: '^b' }))).toBe('a\nb\r\nx\nc\nd')
    expect(edit('a\nb\r\nc\nb\r\nd', line({ text: 'b', absent: true }), false)).toBe('a\nc\nd')
    expect(edit('Port 22', port)).toBe('Port 2222')
    expect(edit('a', line({ text: 'b' }), false)).toBe('a\nb\n')
  })

  it('that does not match its own pattern replaces every one that does: a second run finds none', () => {
    const no = line({ text: 'P no', match: '^P (yes|maybe)' })
    expect(edit('P yes\nz\nP maybe\n', no)).toBe('P no\nz\nP no\n')
    expect(edit('P 1\nP 2\n', line({ text: 'P 3', match: '^P' }))).toBe('P 1\nP 3\n')
  })
})

describe('a block', () => {
  const block = (content: string, rest = {}): Edit => ({
    kind: 'block',
    block: { text: content, name: 'peers', comment: '#', ...rest },
  })

  it('is put between markers, and only what is between them changes', () => {
    const first = edit('a\n', block('x\ny\n'))
    expect(first).toBe('a\n# BEGIN chorus peers\nx\ny\n# END chorus peers\n')
    expect(edit(first.replace('y', 'z'), block('x\ny'), false)).toBe(first)
    expect(edit('a\nb\n', block('x', { before: '^b' }))).toBe('a\n# BEGIN chorus peers\nx\n# END chorus peers\nb\n')
    expect(edit(first, block('', { absent: true }), false)).toBe('a\n')
  })

  it('has the line ends of the file, whatever those of the policy are', () => {
    const what = block('x\r\ny\r\n')
    expect(edit('a\n', what)).toBe('a\n# BEGIN chorus peers\nx\ny\n# END chorus peers\n')
    expect(edit('a\r\n', what)).toBe('a\r\n# BEGIN chorus peers\r\nx\r\ny\r\n# END chorus peers\r\n')
  })

  it('whose end somebody removed takes nothing with it that may not be its own', () => {
    expect(edit('# BEGIN chorus peers\nmine\n', block('x'), false)).toBe(
      '# BEGIN chorus peers\nx\n# END chorus peers\nmine\n',
    )
  })
})

describe('an ini edit', () => {
  const INI = '; top\nglobal=1\n\n[main]\n# kept\nport = 80\nname=a\n\n[other]\nx = 1\n'

  it('sets, adds and removes keys and leaves everything else', () => {
    expect(edit(INI, { kind: 'ini', ini: { main: { port: 443, tls: true } } })).toBe(
      INI.replace('port = 80', 'port = 443').replace('name=a\n', 'name=a\ntls = true\n'),
    )
    expect(edit(INI, { kind: 'ini', ini: { '': { global: 2 } } })).toBe(INI.replace('global=1', 'global=2'))
    expect(edit(INI, { kind: 'ini', ini: { new: { a: 'b' } } }, false)).toBe(`${INI}\n[new]\na = b\n`)
    expect(edit(INI, { kind: 'ini', ini: { main: { name: null } } }, false)).toBe(INI.replace('name=a\n', ''))
    expect(edit(INI, { kind: 'ini', ini: { other: null } }, false)).toBe(INI.slice(0, INI.indexOf('[other]')))
  })
})

it('A section of an ini file is known by its name, also with a comment behind it or a byte order mark before', () => {
  const set: Edit = { kind: 'ini', ini: { main: { a: 2 } } }
  expect(edit('[main] ; the main one\na = 1\n', set)).toBe('[main] ; the main one\na = 2\n')
  expect(edit('\uFEFF[main]\na = 1', set)).toBe('\uFEFF[main]\na = 2')
})

describe('a JSON edit', () => {
  it('leaves what it does not name as it is written: numbers, texts, the order of keys, line ends', () => {
    const add: Edit = { kind: 'json', json: { a: 1 } }
    const of = (rest: string, end = '\n'): string => `{${end}  "z": 1,${end}  ${rest}${end}}`
    const odd = String.raw`"n": 12345678901234567890,"f": 1.0,"2": "\u00e9","1": "\"},{"`.replaceAll(',"', ',\n  "')
    expect(edit(of(odd), add)).toBe(of(`${odd},\n  "a": 1`))
    expect(edit(`\uFEFF${of('"b": []', '\r\n')}\r\n`, add)).toBe(`\uFEFF${of('"b": [],\r\n  "a": 1', '\r\n')}\r\n`)
    expect(edit(of('"__proto__": {}'), add)).toBe(of('"__proto__": {},\n  "a": 1'))
    const id = edited(bytes(of('"n": 12345678901234567890')), { kind: 'json', json: { n: 'x' } }, 'x')
    expect(text(unedited(id.bytes, id.undo ?? expect.fail('nothing to undo'), 'x'))).toBe(
      of('"n": 12345678901234567890'),
    )
  })

  it('refuses what it would damage: a file that is not UTF-8, or is nested too deeply', () => {
    const latin = Uint8Array.from([...bytes('{"a":"'), 0xe9, ...bytes('"}')])
    expect(() => edited(latin, { kind: 'json', json: { b: 1 } }, '/x')).toThrow('/x is not UTF-8')
    const deep = `{"a":${'['.repeat(5_000)}${']'.repeat(5_000)}}`
    expect(() => edited(bytes(deep), { kind: 'json', json: { b: 1 } }, '/x')).toThrow('nested deeper')
  })

  it('takes a long text in its stride', () => {
    const long = `{\n  "a": "${String.raw`\n`.repeat(1_000_000)}"\n}\n`
    expect(edit(long, { kind: 'json', json: { b: 1 } }, false).length).toBe(long.length + 10)
  })

  it('merges, keeps order and indentation, and leaves a right document byte for byte', () => {
    const before = '{\n    "b": 1,\n    "a": {\n        "x": [1, 2]\n    }\n}\n'
    expect(edit(before, { kind: 'json', json: { a: { y: true }, b: 2 } }, false)).toBe(
      `${JSON.stringify({ b: 2, a: { x: [1, 2], y: true } }, null, 4)}\n`,
    )
    expect(edit(before, { kind: 'json', json: { b: 1, c: null } })).toBe(before)
    expect(edit('', { kind: 'json', json: { a: 1 } }, false)).toBe('{\n  "a": 1\n}\n')
  })

  it('refuses what is no JSON object', () => {
    expect(() => edited(bytes('[1]'), { kind: 'json', json: { a: 1 } }, '/etc/x.json')).toThrow('holds no JSON object')
    expect(() => edited(bytes('{ // x\n}'), { kind: 'json', json: { a: 1 } }, '/etc/x.json')).toThrow('is not JSON')
  })
})

it('A file that is not UTF-8 keeps its bytes', () => {
  const latin = Uint8Array.from([0x61, 0xe9, 0x0a])
  const { bytes: after, undo } = edited(latin, line({ text: 'é' }), '/etc/x')
  expect([...after]).toEqual([0x61, 0xe9, 0x0a, 0xc3, 0xa9, 0x0a])
  expect(undo === null ? [] : [...unedited(after, undo, '/etc/x')]).toEqual([...latin])
})

it('Two edits taken back together give the file from before both', () => {
  const value = fc.oneof(fc.integer(), fc.constant(null), fc.string())
  const map = fc.dictionary(
    fc.constantFrom('a', 'b', 'c'),
    fc.oneof(value, fc.dictionary(fc.constantFrom('x', 'y'), value)),
  )
  const full = fc.dictionary(
    fc.constantFrom('a', 'b', 'c'),
    fc.oneof(fc.integer(), fc.dictionary(fc.constantFrom('x', 'y'), fc.integer())),
  )
  fc.assert(
    fc.property(full, map, map, (document, one, two) => {
      const before = `${JSON.stringify(document, null, 2)}\n`
      const first = edited(bytes(before), { kind: 'json', json: one }, 'x')
      const second = edited(first.bytes, { kind: 'json', json: two }, 'x')
      const undo = mergeUndo(first.undo, second.undo)
      const back = undo === null ? second.bytes : unedited(second.bytes, undo, 'x')
      expect(JSON.parse(text(back))).toEqual(document)
    }),
  )
})
