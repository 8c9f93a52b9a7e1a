import type { Value } from '../model.ts'

/** Reads what a type remembered: it comes from a file, so nothing of its form is sure. */
export function fieldsOf(value: Value): { readonly [key: string]: Value } {
  return isMap(value) ? value : {}
}

export function textsOf(value: Value | undefined): readonly string[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : []
}

function isMap(value: Value): value is { readonly [key: string]: Value } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
