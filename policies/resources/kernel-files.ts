import { PolicyError } from '../errors.ts'
import { askTool, mustRun } from './tool.ts'
import type { TypeContext } from './type.ts'

/** A value below /proc/sys, its blanks made one each. The files there say that they are empty, so a tool reads them. @throws E_NOT_FOUND */
export async function readKernel(context: TypeContext, path: string): Promise<string> {
  if (context.host.lstat(path) === null)
    throw new PolicyError('E_NOT_FOUND', `the kernel of this host has no ${path}; a module may have to be loaded first`)
  return normal(await askTool(context, ['cat', '--', path]))
}

export async function writeKernel(context: TypeContext, path: string, value: string): Promise<void> {
  await mustRun(context, ['tee', '--', path], { stdin: `${value}\n` })
}

export function normal(value: string): string {
  return value.trim().replaceAll(/\s+/g, ' ')
}
