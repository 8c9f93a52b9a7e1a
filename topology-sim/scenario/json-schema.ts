import { z } from 'zod'
import type { JsonSchema } from '../../policies/index.ts'
import { EVENT_KINDS, EVENTS, eventSchema } from './events.ts'
import { EXPECTATION_KINDS, EXPECTATIONS, expectationSchema } from './expectations.ts'
import {
  groupSchema,
  headSchema,
  linksSchema,
  overlaySchema,
  policySchema,
  publisherSchema,
  regionSchema,
} from './schema.ts'

/**
 * The JSON Schema of a scenario file, for completion and marks in editors: made from the definitions that files are
 * checked with. Whether names exist and a topology is possible stays with `readScenario`.
 */
export function scenarioJsonSchema(): JsonSchema {
  const { properties = {}, required = [] } = toJson(headSchema)
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'Chorus scenario',
    type: 'object',
    required: [...required, 'fleet'],
    additionalProperties: false,
    properties: {
      ...properties,
      fleet: {
        description: 'who is there: groups by name, or the file of an exported fleet',
        anyOf: [{ type: 'string' }, mapOf('groups', groupSchema)],
      },
      regions: mapOf('where nodes are; one without a file', regionSchema),
      links: { description: 'what lies between regions', ...toJson(linksSchema) },
      overlay: { description: 'who is connected to whom', ...toJson(overlaySchema) },
      publishers: mapOf('who may publish what', publisherSchema),
      policies: mapOf('what is published', policySchema),
      events: {
        description: 'what happens',
        type: 'array',
        items: { anyOf: EVENT_KINDS.map((kind) => ({ description: EVENTS[kind].help, ...toJson(eventSchema(kind)) })) },
      },
      expect: {
        description: 'what the run is held to',
        type: 'array',
        items: {
          anyOf: EXPECTATION_KINDS.map((kind) => ({
            description: EXPECTATIONS[kind].help,
            ...toJson(expectationSchema(kind)),
          })),
        },
      },
    },
  }
}

function mapOf(description: string, schema: z.ZodType): JsonSchema {
  return { description, type: 'object', minProperties: 1, additionalProperties: toJson(schema) }
}

function toJson(schema: z.ZodType): z.core.JSONSchema.BaseSchema {
  const made = z.toJSONSchema(schema, {
    io: 'input',
    unrepresentable: 'any',
    override: ({ jsonSchema }) => {
      // What a message asks for helps a reader of the schema as well.
      const wanted = jsonSchema['wanted']
      delete jsonSchema['wanted']
      if (typeof wanted === 'string')
        jsonSchema.description = [jsonSchema.description, wanted].filter(Boolean).join(': ')
    },
  })
  delete made.$schema
  return made
}
