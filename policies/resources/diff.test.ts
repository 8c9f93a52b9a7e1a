import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LIMITS } from '../limits.ts'
import { unifiedDiff } from './diff.ts'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const diff = (before: string | null, after: string): string =>
  unifiedDiff('/f', before === null ? null : bytes(before), bytes(after))

describe('a diff', () => {
  it('shows what changes with three lines around it', () => {
    const before = Array.from({ length: 20 }, (_, i) => `line ${i}\n`).join('')
    expect(diff(before, before.replace('line 9\n', 'nine\n').replace('line 19\n', 'line 19'))).toBe(`--- /f
+++ /f
@@ -7,7 +7,7 @@
 line 6
 line 7
 line 8
-line 9
+nine
 line 10
 line 11
 line 12
@@ -17,4 +17,4 @@
 line 16
 line 17
 line 18
-line 19
+line 19
\\ No newline at end of file
`)
    expect(diff(null, 'a\n')).toBe('--- /dev/null\n+++ /f\n@@ -0,0 +1,1 @@\n+a\n')
  })

  it('says that content is binary or large, and never shows it', () => {
    expect(unifiedDiff('/f', bytes('a'), new Uint8Array([0, 1]))).toContain('binary or large content, 1 -> 2 bytes')
    expect(unifiedDiff('/f', null, new Uint8Array([0xff, 0xfe]))).toContain('binary or large')
    expect(diff('', 'x\n'.repeat(LIMITS.diffLines + 1))).toContain('too many to compare')
  })

  it('is bounded, and sends nothing to a terminal but text', () => {
    expect(diff('', 'x\n'.repeat(1000))).toContain(`... ${1001 - LIMITS.diffShown} more lines`)
    expect(diff('', `${'x'.repeat(LIMITS.diffChars)}\n`).length).toBeLessThan(200)
    expect(diff('', '\u001b[2J\u007f\ttab\n')).toContain('+\\u001b[2J\\u007f\ttab\n')
  })

  it('turns the old lines into the new ones', () => {
    const text = fc
      .array(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 12 })
      .map((list) => list.map((line) => `${line}\n`).join(''))
    fc.assert(
      fc.property(text, text, (before, after) => {
        expect(patched(before, diff(before, after))).toBe(after)
      }),
    )
  })
})

/** A minimal patch(1). */
function patched(before: string, patch: string): string {
  const old = before.split('\n').slice(0, -1)
  const result: string[] = []
  let at = 0
  for (const line of patch.split('\n').slice(2, -1)) {
    const hunk = /^@@ -(\d+),(\d+)/.exec(line)
    if (hunk) {
      const start = Number(hunk[1]) - (hunk[2] === '0' ? 0 : 1)
      while (at < start) result.push(old[at++] ?? '')
    } else if (line.startsWith('+')) result.push(line.slice(1))
    else {
      expect(old[at]).toBe(line.slice(1))
      if (line.startsWith(' ')) result.push(old[at] ?? '')
      at++
    }
  }
  result.push(...old.slice(at))
  return result.map((line) => `${line}\n`).join('')
}
