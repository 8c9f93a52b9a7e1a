import { PolicyError } from '../errors.ts'
import { LIMITS } from '../limits.ts'

/** One file of a policy folder. Reading is up to the caller, so that this folder stays free of I/O. */
export interface SourceFile {
  /** Relative to the folder, with `/`. */
  readonly path: string
  /** Bytes. */
  readonly size: number
  readonly executable: boolean
  /** Set for a symbolic link: whether what it leads to lies in the folder. `outside` (or nowhere) is refused if it is used. */
  readonly link?: 'inside' | 'outside'
  /** Up to `length` bytes from `offset`; fewer only at the end of the file. */
  read(offset: number, length: number): Uint8Array
}

/** A policy folder: every regular file and link in it, in any order. */
export interface PolicySource {
  readonly files: readonly SourceFile[]
  /**
   * Another folder, for `extends` and `components`: relative to this one, clean, with `/`, its `..` at the start. Undefined
   * if there is none. A source without it stands alone.
   */
  sibling?(relative: string): PolicySource | undefined
}

/** A folder that is in memory: for tests, for policies made by programs, and for what is piped in. */
export function memorySource(
  files: Readonly<Record<string, string | Uint8Array>>,
  executable: readonly string[] = [],
): PolicySource {
  const encoder = new TextEncoder()
  return {
    files: Object.entries(files).map(([path, content]) => {
      const bytes = typeof content === 'string' ? encoder.encode(content) : content
      return {
        path,
        size: bytes.length,
        executable: executable.includes(path),
        read: (offset, length) => bytes.subarray(offset, offset + length),
      }
    }),
  }
}

/** Why `path` cannot name a file of a policy folder or bundle; undefined if it can. */
export function pathProblem(path: string): string | undefined {
  if (path === '') return 'is empty'
  if (path.startsWith('/')) return 'is absolute'
  if (!path.isWellFormed()) return 'is not valid Unicode'
  if (path.includes('\\')) return 'has a backslash'
  for (let i = 0; i < path.length; i++) {
    const code = path.charCodeAt(i)
    if (code < 0x20 || code === 0x7f) return 'has a control character'
  }
  for (const part of path.split('/')) {
    if (part === '' || part === '.') return 'is not clean'
    if (part === '..') return 'leaves its folder'
    // Tables of files are keyed by path.
    if (part === '__proto__') return 'has a part called __proto__'
  }
  return new TextEncoder().encode(path).length > LIMITS.pathBytes
    ? `is longer than ${LIMITS.pathBytes} bytes`
    : undefined
}

/**
 * The whole text of a file.
 *
 * @throws PolicyError E_PATH for a link that leads out, E_TOO_LARGE above `maxBytes`, E_UTF8
 */
export function readText(file: SourceFile, maxBytes: number): string {
  checkLink(file)
  if (file.size > maxBytes) {
    throw new PolicyError(
      'E_TOO_LARGE',
      `${file.path} has ${file.size} bytes, the limit for such a file is ${maxBytes}`,
    )
  }
  const bytes = file.read(0, file.size)
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    throw new PolicyError('E_UTF8', `${file.path} is not UTF-8 text`)
  }
}

/** @throws PolicyError E_PATH for a link that leads out of the folder */
export function checkLink(file: SourceFile): void {
  if (file.link !== 'outside') return
  throw new PolicyError('E_PATH', `the file '${file.path}' is a link that leads out of the policy folder`, {
    hint: 'Copy what it leads to into the folder.',
  })
}
