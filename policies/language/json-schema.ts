import { z } from 'zod'
import { COMMON_ATTRIBUTES } from './common.ts'
import { EXTRAS } from './extras.ts'
import type { TypeTable } from './types.ts'

export type JsonSchema = { readonly [key: string]: unknown }

/** An expression can stand for any value: `${vars.port}`. */
const EXPRESSION: JsonSchema = { type: 'string', pattern: '\\$\\{', description: 'an expression' }

const text = (description: string): JsonSchema => ({ type: 'string', minLength: 1, description })

/**
 * The JSON Schema of `policy.yaml`, for completion, hover and marks in editors. Generated from the same definitions that
 * the compiler checks with, so it cannot differ from them; rules between attributes stay with the compiler.
 */
export function policyJsonSchema(types: TypeTable): JsonSchema {
  const names = Object.keys(types).sort()
  const resources = names.map((name) => [`^${escapeName(name)}/.+`, { $ref: `#/$defs/${name}` }])
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'Chorus policy',
    type: 'object',
    // What a policy extends can give the rest.
    required: ['policy'],
    anyOf: [{ required: ['select', 'resources'] }, { required: ['extends'] }, { required: ['select', 'components'] }],
    additionalProperties: false,
    properties: {
      policy: { ...text('its name, as in web/site'), pattern: '^[a-z0-9][a-z0-9._-]*(/[a-z0-9][a-z0-9._-]*){0,3}$' },
      select: {
        anyOf: [text('which nodes it is for: a condition (CEL) over labels, facts and node'), { type: 'boolean' }],
      },
      after: listOf('policies that come before it on a host'),
      vars: { type: 'object', description: 'variables with defaults; TBD must be filled by a data layer or --set' },
      data: listOf('data layers; a later one wins; names may use labels and node.name'),
      resources: {
        type: 'object',
        description: 'type/name: attributes',
        patternProperties: Object.fromEntries(resources),
        additionalProperties: false,
      },
      extends: text('the folder of a policy that this one is laid on, as in ../base; what is written here wins'),
      components: {
        type: 'object',
        description: 'components in use, by the name that their resources get',
        additionalProperties: {
          type: 'object',
          required: ['use'],
          additionalProperties: false,
          properties: {
            use: text('the folder of the component, as in ../lib/vhost'),
            with: { type: 'object', description: 'its parameters' },
            each: { description: 'a map, a list, or ${...} that gives one: the component is there for each item' },
            when: { anyOf: [text('a condition (CEL): false leaves it out'), { type: 'boolean' }] },
          },
        },
      },
      secrets: {
        type: 'object',
        description: 'secrets by name; a resource that uses secrets.NAME is sensitive',
        additionalProperties: {
          oneOf: [
            sourceOf('age', text('a file of this folder, encrypted by `chorus secret set`')),
            sourceOf('file', text('a file of the node')),
            sourceOf('exec', {
              type: 'array',
              minItems: 1,
              items: { type: 'string' },
              description: 'a command of the node',
            }),
          ],
        },
      },
      ...propertiesOf(EXTRAS),
    },
    $defs: Object.fromEntries(names.map((name) => [name, resourceSchema(types, name)])),
  }
}

function resourceSchema(types: TypeTable, name: string): JsonSchema {
  const own = types[name]?.schema
  const properties = { ...propertiesOf(COMMON_ATTRIBUTES), ...(own === undefined ? {} : propertiesOf(own)) }
  const required = own === undefined ? [] : requiredOf(own)
  // A resource without attributes is written as `package/nginx:` or `package/nginx: {}`.
  return {
    type: required.length === 0 ? ['object', 'null'] : 'object',
    required,
    properties,
    additionalProperties: false,
  }
}

function propertiesOf(schema: z.ZodObject): Record<string, JsonSchema> {
  const { properties = {} } = toJson(schema)
  return Object.fromEntries(
    Object.entries(properties).map(([attr, part]) => {
      if (typeof part !== 'object' || part === null) return [attr, EXPRESSION]
      const { description, ...rest } = { description: undefined, ...part }
      return [attr, { ...(description === undefined ? {} : { description }), anyOf: [rest, EXPRESSION] }]
    }),
  )
}

function requiredOf(schema: z.ZodObject): readonly string[] {
  const { required } = toJson(schema)
  return required ?? []
}

function toJson(schema: z.ZodObject): z.core.JSONSchema.BaseSchema {
  return z.toJSONSchema(schema, {
    io: 'input',
    // Bytes have no form in a policy file: what cannot be written there is left out.
    unrepresentable: 'any',
    override: ({ jsonSchema }) => {
      const { anyOf } = jsonSchema
      if (anyOf !== undefined) jsonSchema.anyOf = anyOf.filter((part) => Object.keys(part).length > 0)
    },
  })
}

function sourceOf(kind: string, schema: JsonSchema): JsonSchema {
  return { type: 'object', required: [kind], additionalProperties: false, properties: { [kind]: schema } }
}

function listOf(description: string): JsonSchema {
  return { description, anyOf: [{ type: 'string' }, { type: 'array', items: { type: 'string' } }] }
}

function escapeName(name: string): string {
  return name.replace(/[^A-Za-z0-9_]/g, '\\$&')
}
