import { CliError } from '../errors.ts'

/** As records have it (node/core/records/schemas.ts): said before anything is made or signed. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,252}$/

/** A name for a node. @throws CliError E_USAGE */
export function checkNodeName(name: string): string {
  if (NAME.test(name)) return name
  throw new CliError(
    'E_USAGE',
    `"${name}" cannot name a node: use letters, digits, dots, dashes and underscores, a letter or digit first, at most 253`,
    'Give another with --name.',
  )
}
