import { PolicyError } from '../errors.ts'
import { exitCode, lastWords } from './command.ts'
import { askTool, runTool } from './tool.ts'
import type { TypeContext } from './type.ts'

/** A value below /proc/sys, its blanks made one each. The files there say that they are empty, so a tool reads them. @throws E_NOT_FOUND */
export async function readKernel(context: TypeContext, path: string): Promise<string> {
  if (context.host.lstat(path) === null)
    throw new PolicyError('E_NOT_FOUND', `the kernel of this host has no ${path}; a module may have to be loaded first`)
  return normal(await askTool(context, ['cat', '--', path]))
}

/** @throws PolicyError E_EXIT with what the kernel has against it */
export async function writeKernel(context: TypeContext, path: string, value: string): Promise<void> {
  const argv = ['tee', '--', path]
  const result = await runTool(context, argv, { stdin: `${value}\n` })
  if (exitCode(context, argv, result) === 0) return
  // tee repeats what it is given before it says what is wrong.
  const output = result.output.replace(`${value}\n`, '').replace(`tee: ${path}: `, '')
  throw new PolicyError('E_EXIT', `${path} cannot be set${lastWords(context, { ...result, output })}`)
}

export function normal(value: string): string {
  return value.trim().replaceAll(/\s+/g, ' ')
}
