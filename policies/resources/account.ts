import { z } from 'zod'
import { PolicyError } from '../errors.ts'
import type { Value } from '../model.ts'
import { fieldsOf } from './remembered.ts'

/** The name of a user or group of this host, as useradd takes it: never a number, never an option. */
export const account = z
  .string()
  .regex(/^[A-Za-z_][A-Za-z0-9_.-]{0,31}\$?$/, 'must be the name of an account: letters, digits, _ . and -, 32 at most')

/** Of a user or group; 4294967295 stands for "none" in the kernel. */
export const accountId = z.int().min(0).max(4_294_967_294)

/** A name that may come from the key of a resource. @throws PolicyError E_VALUE */
export function checkedAccount(name: string, what: string): string {
  if (account.safeParse(name).success) return name
  throw new PolicyError('E_VALUE', `'${name}' cannot be the name of a ${what}`)
}

/** What is remembered of an account that Chorus made, or null. */
export function remembersMade(value: Value): { readonly name: string; readonly removeHome: boolean } | null {
  const { made, name, removeHome } = fieldsOf(value)
  return made === true && typeof name === 'string' ? { name, removeHome: removeHome === true } : null
}
