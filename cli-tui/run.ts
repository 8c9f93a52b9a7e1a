import { homedir } from 'node:os'
import { resolve } from 'node:path'
import { agentVersion } from '../node/control/index.ts'
import type { Exit, ShownError } from './errors.ts'
import { CliError, EXIT, shownError } from './errors.ts'
import type { Io } from './io.ts'
import { defaultStateDir } from './io.ts'
import { forLocale } from './out/ascii.ts'
import { outputFor } from './out/output.ts'
import { paintFor } from './out/paint.ts'
import { parse } from './parse.ts'
import { processIo } from './process-io.ts'
import { TABLE } from './table/index.ts'

/** The whole command: parses, runs, reports. Returns the exit code and never throws. */
export async function main(argv: readonly string[], world: Io = processIo()): Promise<Exit> {
  let json = argv.includes('--json')
  let io = json ? world : forLocale(world)
  try {
    const paint = paintFor(io.env, io.stdout)
    const parsed = await parse(argv, TABLE, { paint, columns: io.stdout.columns, version: agentVersion() })
    if ('print' in parsed) {
      io.stdout.write(parsed.print)
      return EXIT.done
    }
    json = parsed.json
    if (json) io = world
    const stateDir =
      parsed.state === undefined ? defaultStateDir(io.env, io.uid) : resolve(io.cwd, expandHome(parsed.state))
    const { run } = await parsed.spec.load()
    return await run({ io, out: outputFor(io, json), stateDir }, parsed.input)
  } catch (thrown) {
    const shown = interrupted(io, thrown) ?? shownError(thrown)
    outputFor(io, json).error(shown)
    if (io.env['CHORUS_DEBUG'] === '1' && thrown instanceof Error && thrown.stack !== undefined)
      io.stderr.write(`${thrown.stack}\n`)
    return shown.exit
  }
}

/** A tilde that no shell expanded, as in `--state=~/x`. */
const expandHome = (path: string): string => (path === '~' || path.startsWith('~/') ? homedir() + path.slice(1) : path)

function interrupted(io: Io, thrown: unknown): ShownError | undefined {
  if (!io.signal.aborted || thrown instanceof CliError) return undefined
  return { code: 'E_INTERRUPTED', message: 'stopped before it was done', hint: undefined, exit: EXIT.error }
}
