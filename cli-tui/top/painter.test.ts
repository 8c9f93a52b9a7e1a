import { describe, expect, it } from 'vitest'
import { Painter } from './painter.ts'

function painted(...frames: readonly (readonly string[])[]): string[] {
  const written: string[] = []
  const painter = new Painter({ write: (text) => written.push(text) })
  for (const rows of frames) painter.paint(rows, rows[0]?.length ?? 0)
  // oxlint-disable-next-line no-control-regex
  return written.map((text) => text.replace(/\u001b\[\?2026[hl]/g, '').replaceAll('\u001b', '^'))
}

describe('painting a frame', () => {
  it('writes a first frame whole, and of the next only the rows that changed', () => {
    expect(painted(['aa', 'bb', 'cc'], ['aa', 'BB', 'cc'])).toEqual(['^[2J^[1;1Haa^[2;1Hbb^[3;1Hcc', '^[2;1HBB'])
  })

  it('writes nothing where nothing changed', () => {
    expect(painted(['aa'], ['aa'])).toHaveLength(1)
  })

  it('starts over at another size', () => {
    expect(painted(['aa', 'bb'], ['aa'])[1]).toBe('^[2J^[1;1Haa')
    expect(painted(['aa'], ['aaa'])[1]).toBe('^[2J^[1;1Haaa')
  })
})
