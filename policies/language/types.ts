import type { z } from 'zod'

/** What the compiler needs to know of a resource type. The table of resource types fits it as it is. */
export interface TypeSchema {
  /** Attributes after evaluation, those common to all types aside. */
  readonly schema: z.ZodObject
  /** Attributes that name a file or folder of the bundle; `source` if the schema has it and nothing else is said. */
  readonly sources?: readonly string[]
  /** What becomes of a resource that no policy wants any more; `leave` if nothing is said. */
  readonly onRemove?: 'leave' | 'undo'
}

/** Resource types by name. */
export type TypeTable = Readonly<Record<string, TypeSchema>>

/** Attributes of `type` that name files of the bundle, templates aside. */
export function sourceAttributes(type: TypeSchema): readonly string[] {
  return type.sources ?? (Object.hasOwn(type.schema.shape, 'source') ? ['source'] : [])
}

/** Whether the type takes its content from a Liquid template. */
export function takesTemplate(type: TypeSchema): boolean {
  return Object.hasOwn(type.schema.shape, 'template')
}

export function typeNamed(types: TypeTable, name: string): TypeSchema | undefined {
  return Object.hasOwn(types, name) ? types[name] : undefined
}
