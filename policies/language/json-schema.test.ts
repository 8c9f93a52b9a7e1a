import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { TEST_TYPES } from '../testing/types.ts'
import { policyJsonSchema } from './json-schema.ts'

describe('the JSON Schema of a policy', () => {
  const schema = policyJsonSchema(TEST_TYPES)

  it('is plain JSON and names every type', () => {
    expect(JSON.parse(JSON.stringify(schema))).toEqual(schema)
    expect(Object.keys(schema['$defs'] ?? {})).toEqual(Object.keys(TEST_TYPES).sort())
  })

  it('has own and common attributes with their descriptions, each of which may be an expression', () => {
    const types = {
      t: { schema: z.object({ size: z.number().int().describe('how large'), on: z.boolean().optional() }) },
    }
    const made = policyJsonSchema(types)
    expect(made).toMatchObject({
      properties: { resources: { patternProperties: { '^t/.+': { $ref: '#/$defs/t' } }, additionalProperties: false } },
      $defs: {
        t: {
          type: 'object',
          required: ['size'],
          additionalProperties: false,
          properties: {
            size: { description: 'how large', anyOf: [{ type: 'integer' }, { type: 'string', pattern: '\\$\\{' }] },
            on: { anyOf: [{ type: 'boolean' }, {}] },
            when: { description: expect.stringContaining('condition') },
          },
        },
      },
    })
  })

  it('lets a resource without required attributes be empty', () => {
    expect(schema['$defs']).toMatchObject({ package: { type: ['object', 'null'] }, file: { type: 'object' } })
  })

  it('leaves out what cannot be written, such as bytes', () => {
    const types = { t: { schema: z.object({ content: z.union([z.string(), z.instanceof(Uint8Array)]).optional() }) } }
    expect(policyJsonSchema(types)).toMatchObject({
      $defs: { t: { properties: { content: { anyOf: [{ type: 'string' }, {}] } } } },
    })
  })
})
