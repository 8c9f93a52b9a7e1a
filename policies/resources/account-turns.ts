import type { Applied, Gathered, TypeContext } from './type.ts'

/** Changes accounts: one after the other, since the tools lock the files for the whole of their run and give up soon. */
export async function inTurn(context: TypeContext, work: () => Promise<void>): Promise<Applied | void> {
  return await context.gather('accounts', work, async (works) => {
    const results: Gathered[] = []
    for (const one of works) results.push(await attempt(one))
    return results
  })
}

async function attempt(work: () => Promise<void>): Promise<Gathered> {
  try {
    await work()
    return {}
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error))
  }
}
