import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { COMMON_ATTRIBUTES } from '../language/common.ts'
import { narrowed } from './narrowed.ts'
import { RESOURCE_TYPES } from './table.ts'

/** As often as it takes for the narrow one to be used. */
function narrowFor(schema: z.ZodObject, input: Readonly<Record<string, unknown>>): z.ZodObject {
  for (let i = 0; i < 30; i++) narrowed(schema, input)
  return narrowed(schema, input)
}

/** What a schema says of an input. */
function said(schema: z.ZodObject, input: unknown): unknown {
  const { success, data, error } = schema.safeParse(input)
  return success ? { data } : { issues: error.issues }
}

describe('a narrow schema', () => {
  it('is made when many inputs have the same attributes, and looks at those alone', () => {
    const schema = z.object({ a: z.string(), b: z.string().optional(), c: z.int().default(3), d: z.unknown() })
    expect(narrowed(schema, { a: 'x' })).toBe(schema)
    const narrow = narrowFor(schema, { a: 'x' })
    expect(Object.keys(narrow.shape)).toEqual(['a', 'c'])
    expect(narrow.parse({ a: 'x' })).toEqual({ a: 'x', c: 3 })
    expect(narrowed(schema, { a: 'x', b: 'y' })).not.toBe(narrow)
  })

  it('says the same as the whole one, of every type and whatever is written', () => {
    const schemas = [COMMON_ATTRIBUTES, ...Object.values(RESOURCE_TYPES).map(({ schema }) => schema)]
    const value = fc.oneof(
      fc.constantFrom(
        '/etc/x',
        'running',
        'present',
        '0644',
        '1.0',
        '5m',
        'https://x.example/',
        true,
        false,
        null,
        1,
        0,
      ),
      fc.string({ maxLength: 5 }),
      fc.array(fc.constantFrom('a', '/bin/x', '{file}', ''), { maxLength: 3 }),
      fc.dictionary(fc.constantFrom('match', 'content', 'a'), fc.constantFrom('x', 1), { maxKeys: 2 }),
    )
    fc.assert(
      fc.property(
        fc.constantFrom(...schemas),
        fc.infiniteStream(value),
        fc.infiniteStream(fc.nat(3)),
        (schema, values, picks) => {
          const attrs: Record<string, unknown> = {}
          for (const name of [...Object.keys(schema.shape), 'unknown'])
            if (picks.next().value === 0) attrs[name] = values.next().value
          expect(said(narrowFor(schema, attrs), attrs)).toEqual(said(schema, attrs))
        },
      ),
      { numRuns: 1_000 },
    )
  })
})
