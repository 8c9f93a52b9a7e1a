import { PolicyError, type PolicyErrorCode } from '../../policies/index.ts'

const CODES: Readonly<Record<string, PolicyErrorCode>> = {
  ENOSPC: 'E_NO_SPACE',
  EDQUOT: 'E_NO_SPACE',
  EFBIG: 'E_NO_SPACE',
  EROFS: 'E_READ_ONLY',
  EACCES: 'E_PERMISSION',
  EPERM: 'E_PERMISSION',
  ENOENT: 'E_NOT_FOUND',
  EEXIST: 'E_IN_THE_WAY',
  ENOTEMPTY: 'E_IN_THE_WAY',
  EISDIR: 'E_IN_THE_WAY',
  ENOTDIR: 'E_IN_THE_WAY',
  EBUSY: 'E_IN_THE_WAY',
  ELOOP: 'E_PATH',
  ENAMETOOLONG: 'E_PATH',
}

const SENTENCES: Partial<Record<PolicyErrorCode, string>> = {
  E_NO_SPACE: 'no space is left on its file system',
  E_READ_ONLY: 'its file system is read-only',
  E_PERMISSION: 'the operating system does not allow it',
  E_NOT_FOUND: 'it, or the folder that it lies in, is not there',
  E_IN_THE_WAY: 'something of another kind is there, a folder is not empty, or it is in use',
  E_PATH: 'it became a link meanwhile, or its name is too long',
}

/** The system's code of an error, or an empty text. */
export function systemCode(error: unknown): string {
  return typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string'
    ? error.code
    : ''
}

/** What the host port throws for an error of the operating system. @param path as the policy says it */
export function hostError(error: unknown, what: string, path: string): PolicyError {
  if (error instanceof PolicyError) return error
  const system = systemCode(error)
  const code = CODES[system] ?? 'E_IO'
  const why = SENTENCES[code] ?? (error instanceof Error ? error.message : String(error))
  return new PolicyError(code, `${what} ${path} failed: ${why}${system === '' ? '' : ` (${system})`}`)
}
