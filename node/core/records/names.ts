import { RECORD_LIMITS } from './limits.ts'

/** What names a node or a mesh: one piece, no slash, nothing that a file name or a shell would take for something else. */
export const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]*$/

/** Whether a record could name a node so. */
export function isName(text: string): boolean {
  return text.length <= RECORD_LIMITS.name && NAME.test(text)
}
