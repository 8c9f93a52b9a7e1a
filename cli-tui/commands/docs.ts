import { z } from 'zod'
import { COMMON_ATTRIBUTES, policyJsonSchema, RESOURCE_TYPES } from '../../policies/index.ts'
import type { Context, Invocation } from '../command.ts'
import { CliError, EXIT } from '../errors.ts'
import type { Exit } from '../errors.ts'
import { didYouMean } from '../input/suggest.ts'
import { grid } from '../out/grid.ts'
import { TYPE_EXAMPLES } from '../table/type-examples.ts'
import type { Paint } from '../out/paint.ts'

/** `chorus docs --json`. */
export interface DocsListOutput {
  readonly types: readonly { readonly type: string; readonly summary: string }[]
}
/** `chorus docs TYPE --json`. `schema` is the JSON Schema of its own attributes. */
export interface DocsOutput {
  readonly type: string
  readonly summary: string
  readonly onRemove: string
  readonly attributes: readonly AttributeOutput[]
  readonly common: readonly AttributeOutput[]
  readonly schema: object
  /** Lines of a policy, below `resources:`; null for a type without one. */
  readonly example: string | null
}
/** `chorus docs policy --json`. `schema` is the JSON Schema of a whole policy.yaml, for editors. */
export interface DocsPolicyOutput {
  readonly type: 'policy'
  readonly schema: object
}
interface AttributeOutput {
  readonly name: string
  readonly type: string
  readonly required: boolean
  readonly help: string
}

export async function run(context: Context, { args, options }: Invocation): Promise<Exit> {
  const [wanted] = args
  const names = Object.keys(RESOURCE_TYPES).sort()
  if (wanted === undefined) {
    const types = names.map((type) => ({ type, summary: RESOURCE_TYPES[type]?.summary ?? '' }))
    context.out.result<DocsListOutput>(
      'types',
      { types },
      (data, paint) =>
        grid(
          paint,
          [{ title: 'TYPE' }, { title: '' }],
          data.types.map(({ type, summary }) => [paint('bold', type), summary]),
        ) + paint('dim', '\nchorus docs TYPE shows its attributes.\n'),
    )
    return EXIT.done
  }
  if (wanted === 'policy') {
    const schema = policyJsonSchema(RESOURCE_TYPES)
    context.out.result<DocsPolicyOutput>(
      'docs',
      { type: 'policy', schema },
      options.flag('schema') ? schemaText : policyText,
    )
    return EXIT.done
  }
  const type = Object.hasOwn(RESOURCE_TYPES, wanted) ? RESOURCE_TYPES[wanted] : undefined
  if (type === undefined)
    throw new CliError(
      'E_NOT_FOUND',
      `there is no resource type "${wanted}"${didYouMean(wanted, names)}`,
      `Types: ${names.join(', ')}.`,
    )
  const schema = jsonSchema(type.schema)
  const data: DocsOutput = {
    type: wanted,
    summary: type.summary,
    onRemove: type.onRemove ?? 'leave',
    attributes: attributesOf(schema),
    common: attributesOf(jsonSchema(COMMON_ATTRIBUTES)),
    schema,
    example: TYPE_EXAMPLES[wanted] ?? null,
  }
  context.out.result('docs', data, options.flag('schema') ? schemaText : human)
  return EXIT.done
}

const schemaText = ({ schema }: { readonly schema: object }): string => `${JSON.stringify(schema, undefined, 2)}\n`

function policyText({ schema }: DocsPolicyOutput, paint: Paint): string {
  const rows = attributesOf(schema).map(({ name, type, help }) => [paint('bold', name), type, help])
  return `${paint('bold', 'policy.yaml')}: what a policy may say. For an editor: chorus docs policy --schema\n\n${grid(paint, [{ title: 'KEY' }, { title: 'IS' }, { title: '' }], rows)}`
}

/** Attributes are documented as they may be written; what has no JSON form (bytes from the node) is left open. */
const jsonSchema = (schema: z.ZodType): object => z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' })

function attributesOf(schema: object): AttributeOutput[] {
  const properties = 'properties' in schema && isMap(schema.properties) ? schema.properties : {}
  const required = 'required' in schema && Array.isArray(schema.required) ? schema.required : []
  return Object.entries(properties).map(([name, value]) => ({
    name,
    type: typeText(value),
    required: required.includes(name),
    help: isMap(value) && typeof value['description'] === 'string' ? value['description'] : '',
  }))
}

/** A JSON Schema type in a few words: `text`, `list of text`, `a or b`. */
function typeText(schema: unknown): string {
  if (!isMap(schema)) return 'any'
  const { type, enum: choices, anyOf, items } = schema
  if (Array.isArray(choices)) return choices.map(String).join(' | ')
  if (Array.isArray(anyOf)) return [...new Set(anyOf.map(typeText).filter((text) => text !== 'any'))].join(' or ')
  if (type === 'array') return `list of ${typeText(items)}`
  return (
    { string: 'text', boolean: 'true/false', integer: 'number', number: 'number', object: 'map' }[String(type)] ?? 'any'
  )
}

const isMap = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function human(data: DocsOutput, paint: Paint): string {
  const rows = (attributes: readonly AttributeOutput[]): string =>
    grid(
      paint,
      [{ title: 'ATTRIBUTE' }, { title: 'IS' }, { title: '' }],
      attributes.map(({ name, type, required, help }) => [
        `${paint('bold', name)}${required ? paint('yellow', ' (required)') : ''}`,
        type,
        help,
      ]),
    )
  const removal = data.onRemove === 'undo' ? 'taken back' : 'left as it is'
  const example =
    data.example === null ? [] : [`${paint('bold', 'Example')}\n${data.example.replace(/^/gm, '  ').trimEnd()}\n`]
  return [
    `${paint('bold', data.type)}: ${data.summary}\n`,
    rows(data.attributes),
    ...example,
    `${paint('bold', 'Every resource also takes')}\n${rows(data.common)}`,
    `When no policy wants it any more it is ${removal}; change that with onRemove.\n`,
  ].join('\n')
}
