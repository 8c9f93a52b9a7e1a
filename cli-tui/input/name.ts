import { isName } from '../../node/core/index.ts'
import { CliError } from '../errors.ts'

/** A name for a node, before anything is made or signed. @throws CliError E_USAGE */
export function checkNodeName(name: string): string {
  if (isName(name)) return name
  throw new CliError(
    'E_USAGE',
    `"${name}" cannot name a node: use letters, digits, dots, dashes and underscores, a letter or digit first, at most 253`,
    'Give another with --name.',
  )
}
