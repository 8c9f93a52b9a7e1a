import type { ExecOptions, ExecResult } from '../host.ts'
import type { ResolvedResource } from '../model.ts'
import { inForce, lines, resource } from './converge.ts'
import { Lab } from './lab.ts'
import type { MemoryHostOptions } from './memory-host.ts'

/** 32 bytes that differ for different content: all that a run asks of a digest. Eight FNV-1a sums with their own starts. */
function sha256(bytes: Uint8Array): Uint8Array {
  const sums = new Uint32Array(8).map((_, i) => 0x811c9dc5 ^ (i * 0x9e3779b1))
  for (const byte of bytes) for (let i = 0; i < 8; i++) sums[i] = Math.imul((sums[i] ?? 0) ^ byte, 0x01000193 + 2 * i)
  return new Uint8Array(sums.buffer)
}

/** What a command printed and how it ended, as it was recorded; a function for one that changes something. */
export type Recorded = string | Partial<ExecResult> | ((argv: readonly string[], options: ExecOptions) => Recorded)

/**
 * A host whose commands answer as they were recorded. The longest beginning of a command line that is known answers; a
 * command line that is not known fails, so that a test says all that is run.
 */
export class ToolLab extends Lab {
  readonly answers: Map<string, Recorded>

  constructor(answers: Readonly<Record<string, Recorded>>, options: Partial<MemoryHostOptions> = {}) {
    const known = new Map(Object.entries(answers))
    super({ sha256, exec: (argv, how) => answer(known, argv, how), ...options })
    this.answers = known
  }

  /** Runs one resource; its line without policy and key. */
  async one(
    key: string,
    attrs: ResolvedResource['attrs'],
    common: Parameters<typeof resource>[3] = {},
  ): Promise<string> {
    const about = `p ${key} `
    const all = await this.all([resource('p', key, attrs, common)])
    return all.find((line) => line.startsWith(about))?.slice(about.length) ?? ''
  }

  async all(resources: readonly ResolvedResource[]): Promise<string[]> {
    this.commands.length = 0
    return lines((await this.runs.run([inForce('p', resources)])).outcomes)
  }

  /** Folders and files by their paths; a folder's path ends with a slash. */
  lay(files: Readonly<Record<string, string>>): this {
    for (const [path, content] of Object.entries(files)) {
      const parts = path.split('/')
      for (let i = 2; i < parts.length; i++) {
        const folder = parts.slice(0, i).join('/')
        if (this.host.lstat(folder) === null) this.host.mkdir(folder, { mode: 0o755, uid: 0, gid: 0 })
      }
      if (!path.endsWith('/')) this.put(path, content)
    }
    return this
  }
}

function answer(known: ReadonlyMap<string, Recorded>, argv: readonly string[], how: ExecOptions): Partial<ExecResult> {
  const line = argv.join(' ')
  const [key] = [...known.keys()].filter((one) => line.startsWith(one)).sort((a, b) => b.length - a.length)
  let found: Recorded = known.get(key ?? '') ?? { code: 127, output: `no record of: ${line}` }
  while (typeof found === 'function') found = found(argv, how)
  return typeof found === 'string' ? { output: found } : found
}
