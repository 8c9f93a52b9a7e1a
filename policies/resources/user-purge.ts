import { PolicyError } from '../errors.ts'
import { usersOf } from './account-files.ts'
import { inTurn } from './account-turns.ts'
import { exitCode, lastWords } from './command.ts'
import { mustBeComplete } from './purge.ts'
import { runTool } from './tool.ts'
import { KEPT, type TypeContext, type Verdict } from './type.ts'

export interface Purge {
  readonly from: number
  readonly to: number
  readonly except?: readonly string[] | undefined
}

/** Removes users in a range of numbers that no policy names. One that is in use does not keep the others. */
export function purgeUsers(context: TypeContext, { from, to, except = [] }: Purge, removeHome: boolean): Verdict {
  // 65534 is nobody, whom every system needs.
  const surplus = [...usersOf(context.host).values()].filter(
    ({ name, uid }) =>
      uid >= from && uid <= to && uid !== 65_534 && !except.includes(name) && !context.claimed(`user:${name}`),
  )
  if (surplus.length === 0) return KEPT
  mustBeComplete(context)
  return {
    ok: false,
    changes: surplus.map(({ name, uid }) => `remove user ${name} (${uid})`),
    apply: () =>
      inTurn(context, async () => {
        const problems: string[] = []
        for (const { name } of surplus) {
          try {
            await removeUser(context, name, removeHome)
          } catch (error) {
            if (!(error instanceof PolicyError)) throw error
            problems.push(error.message)
          }
        }
        if (problems.length > 0) throw new PolicyError('E_EXIT', problems.join('; '))
      }),
  }
}

/** @throws PolicyError E_IN_USE: it has running processes, E_EXIT */
export async function removeUser(context: TypeContext, name: string, removeHome: boolean): Promise<void> {
  const argv = ['userdel', ...(removeHome ? ['-r'] : []), name]
  const result = await runTool(context, argv)
  const code = exitCode(context, argv, result)
  // 6: somebody else was faster. 8: it is in use. 12: only its home folder could not be removed.
  if (code === 0 || code === 6) return
  const words = lastWords(context, result)
  if (code === 8)
    throw new PolicyError('E_IN_USE', `${name} has running processes and is removed when they have ended${words}`)
  throw new PolicyError('E_EXIT', `userdel ${name} ended with exit code ${code}${words}`)
}
