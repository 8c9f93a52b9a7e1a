import type { Io } from '../io.ts'
import { main } from '../run.ts'

export interface Ran {
  readonly code: number
  readonly out: string
  readonly err: string
}

export interface World {
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
  readonly stdin?: string
  readonly tty?: boolean
  /** What is typed at questions, in order. */
  readonly answers?: readonly string[]
  readonly uid?: number
  /** Aborted by Ctrl-C. */
  readonly signal?: AbortSignal
}

/** Runs one command line in this process and gives what it printed. */
export async function chorus(argv: readonly string[], world: World = {}): Promise<Ran> {
  let out = ''
  let err = ''
  const answers = [...(world.answers ?? [])]
  const isTTY = world.tty ?? false
  const io: Io = {
    stdout: { isTTY, columns: 80, write: (text) => void (out += text) },
    stderr: { isTTY, columns: 80, write: (text) => void (err += text) },
    stdin: {
      isTTY,
      read: () => Promise.resolve(world.stdin ?? ''),
      line: () => Promise.resolve(answers.shift() ?? ''),
      secret: () => Promise.resolve(answers.shift() ?? ''),
    },
    env: { HOME: '/nonexistent', NO_COLOR: '1', ...world.env },
    cwd: world.cwd ?? process.cwd(),
    uid: world.uid ?? 1000,
    now: Date.now,
    signal: world.signal ?? new AbortController().signal,
  }
  const code = await main(argv, io)
  return { code, out, err }
}
