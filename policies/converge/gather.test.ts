import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { defineType } from '../resources/type.ts'
import { RESOURCE_TYPES } from '../resources/table.ts'
import { file, Lab } from '../testing/lab.ts'
import { inForce, lines, resource } from '../testing/converge.ts'

const sha256 = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest()

/** Types `one` and `two`, whose work is done together; `works` are the items of each work. */
function setup() {
  const works: string[][] = []
  let busy = 0
  const work = async (items: readonly string[]) => {
    expect(++busy).toBe(1)
    works.push([...items])
    await Promise.resolve()
    await Promise.resolve()
    busy--
    return items.map((item) => (item === 'bad' ? new Error('bad item') : { note: `with ${items.length}` }))
  }
  const shared = (name: string, afterTypes: readonly string[] = []) =>
    defineType({
      name,
      summary: 'For this test.',
      schema: z.object({}),
      afterTypes,
      claims: (one) => [`${name}:${one.name}`],
      async check(context, one) {
        await Promise.resolve()
        return { ok: false, changes: ['new'], apply: () => context.gather('shared', one.name, work) }
      },
    })
  const lab = new Lab({ sha256 })
  const types = { ...RESOURCE_TYPES, one: shared('one'), two: shared('two', ['one']) }
  const run = async (resources: Parameters<typeof inForce>[1]) =>
    lines((await lab.runs.run([inForce('p', resources)], { types })).outcomes)
  return { run, works }
}

describe('work that is done together', () => {
  it('waits for all that can come, also beyond the bound of parallel resources', async () => {
    const { run, works } = setup()
    const names = Array.from({ length: 40 }, (_, i) => `r${i}`)
    const outcomes = await run([...names.map((name) => resource('p', `one/${name}`, {})), file('a')])
    expect(works).toEqual([names])
    expect(outcomes[0]).toBe('p one/r0 changed wanted: new: with 40')
  })

  it('does not wait for what depends on it, and never runs twice at once', async () => {
    const { run, works } = setup()
    await run([
      resource('p', 'one/a', {}),
      resource('p', 'one/b', {}, { require: ['one/a'] }),
      resource('p', 'one/c', {}),
      resource('p', 'two/d', {}),
    ])
    expect(works).toEqual([['a', 'c'], ['b'], ['d']])
  })

  it('fails for the item that failed, and those that need it', async () => {
    const { run } = setup()
    expect(
      await run([
        resource('p', 'one/bad', {}),
        resource('p', 'one/good', {}),
        resource('p', 'one/next', {}, { require: ['one/bad'] }),
        resource('p', 'two/later', {}),
      ]),
    ).toEqual([
      'p one/bad failed wanted E_INTERNAL: bad item',
      'p one/good changed wanted: new: with 2',
      'p one/next skipped E_DEPENDENCY: one/bad, which comes first, failed',
      'p two/later changed wanted: new: with 1',
    ])
  })
})
