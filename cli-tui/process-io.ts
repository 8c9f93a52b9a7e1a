import type { Io, Sink, Source } from './io.ts'
import { CliError } from './errors.ts'

/** The real world: this process's streams, environment and signals. Call it once. */
export function processIo(): Io {
  const stop = new AbortController()
  let asked = 0
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(name, () => {
      // The first asks for an orderly end; a second one means it.
      if (++asked > 1) process.exit(130)
      stop.abort()
    })
  }
  // `chorus log | head` closes the pipe: that is no error.
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1))
  }
  return {
    stdout: sink(process.stdout),
    stderr: sink(process.stderr),
    stdin: stdin(),
    env: process.env,
    cwd: process.cwd(),
    uid: process.getuid?.() ?? -1,
    now: Date.now,
    signal: stop.signal,
  }
}

function sink(stream: NodeJS.WriteStream): Sink {
  return {
    get isTTY() {
      return stream.isTTY
    },
    get columns() {
      const columns = stream.columns
      return columns > 0 ? columns : 80
    },
    write: (text) => {
      stream.write(text)
    },
  }
}

function stdin(): Source {
  return {
    get isTTY() {
      return process.stdin.isTTY
    },
    read: async (limit) => {
      const parts: Buffer[] = []
      let size = 0
      for await (const part of process.stdin) {
        const bytes = Buffer.isBuffer(part) ? part : Buffer.from(String(part))
        size += bytes.length
        if (size > limit) throw new CliError('E_USAGE', `the input is longer than ${limit} bytes`)
        parts.push(bytes)
      }
      return Buffer.concat(parts).toString('utf8')
    },
    line: (question) => ask(question, false),
    secret: (question) => ask(question, true),
  }
}

/** One line from the terminal. The question goes to stderr, so that stdout stays data. */
async function ask(question: string, hidden: boolean): Promise<string> {
  const { createInterface } = await import('node:readline/promises')
  const { Writable } = await import('node:stream')
  process.stderr.write(question)
  const output = hidden ? new Writable({ write: (_chunk, _encoding, done) => done() }) : process.stderr
  const reader = createInterface({ input: process.stdin, output, terminal: true })
  try {
    return await reader.question('', {})
  } finally {
    reader.close()
    if (hidden) process.stderr.write('\n')
  }
}
