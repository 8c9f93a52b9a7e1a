import type { Context } from '../command.ts'
import { CliError } from '../errors.ts'
import type { Options } from './options.ts'

/** Asks on a terminal; elsewhere `--yes` must have been given. @throws CliError E_USAGE when nobody can be asked, E_INTERRUPTED for a no */
export async function confirmed({ io }: Context, options: Options, question: string): Promise<void> {
  if (options.flag('yes')) return
  if (!io.stdin.isTTY)
    throw new CliError(
      'E_USAGE',
      'this cannot be taken back, and there is no terminal to ask on',
      'Say --yes if it is meant.',
    )
  const answer = (await io.stdin.line(`${question} [y/N] `)).trim().toLowerCase()
  if (answer !== 'y' && answer !== 'yes') throw new CliError('E_INTERRUPTED', 'nothing was done')
}
