import { PolicyError } from '../errors.ts'
import { LIMITS } from '../limits.ts'
import { exitCode, lastWords, runCommand } from './command.ts'
import { putBack } from './file-undo.ts'
import type { Replaced } from './file-trace.ts'
import type { TypeContext } from './type.ts'

/**
 * Asks whether what was put in place is good as a whole: once for all files of a run that name the same command, after
 * the last rename and before anybody is notified. If not, every one of them gets back what was there before.
 *
 * @param replaced what was replaced, in order, with what was there
 * @throws PolicyError E_VERIFY; also if something could not be put back
 */
export async function verifyTogether(
  context: TypeContext,
  argv: readonly string[],
  replaced: readonly Replaced[],
): Promise<void> {
  await context.gather(`verify ${JSON.stringify(argv)}`, { context, replaced }, async (items) => {
    const problem = await problemWith(context, argv)
    if (problem === null) return items.map(() => ({}))
    const results: Error[] = []
    for (const item of items.toReversed()) results.unshift(await takeBack(item.context, item.replaced, problem))
    return results
  })
}

async function problemWith(context: TypeContext, argv: readonly string[]): Promise<string | null> {
  try {
    const result = await runCommand(context, argv, {}, context.timeoutMs ?? LIMITS.guardTimeoutMs)
    const code = exitCode(context, argv, result)
    return code === 0 ? null : `${argv[0]} ended with exit code ${code}${lastWords(context, result)}`
  } catch (error) {
    if (error instanceof PolicyError) return error.message
    throw error
  }
}

async function takeBack(context: TypeContext, replaced: readonly Replaced[], problem: string): Promise<PolicyError> {
  const lost: string[] = []
  for (const { path, was } of replaced.toReversed()) {
    try {
      await putBack(context, path, was)
    } catch (error) {
      if (!(error instanceof PolicyError)) throw error
      lost.push(error.message)
    }
  }
  const back =
    lost.length === 0 ? 'what was there before is back' : `not everything could be put back: ${lost.join('; ')}`
  return new PolicyError('E_VERIFY', `${problem}; ${back}`)
}
