import { readFileSync } from 'node:fs'
import { CliError } from '../errors.ts'
import type { Options } from '../input/options.ts'
import type { Io } from '../io.ts'

const LINE_BYTES = 4096

/** The passphrase of an existing key: from `--passphrase-file`, else asked for on a terminal. */
export async function passphraseFor(io: Io, options: Options, what: string): Promise<string> {
  const file = options.text('passphrase-file')
  if (file !== undefined) return firstLine(await readFileOrStdin(io, file), '--passphrase-file')
  if (!io.stdin.isTTY)
    throw new CliError(
      'E_PASSPHRASE',
      `${what} is protected by a passphrase, and there is no terminal to ask for it`,
      'Give it with --passphrase-file FILE (- for the standard input).',
    )
  return io.stdin.secret(`Passphrase of ${what}: `)
}

/** The passphrase for a new key, or undefined if none was asked for. */
export async function newPassphrase(io: Io, options: Options): Promise<string | undefined> {
  const file = options.text('passphrase-file')
  if (file !== undefined) return firstLine(await readFileOrStdin(io, file), '--passphrase-file')
  if (!options.flag('passphrase')) return undefined
  if (!io.stdin.isTTY)
    throw new CliError(
      'E_PASSPHRASE',
      'there is no terminal to ask for a passphrase',
      'Give it with --passphrase-file FILE (- for the standard input).',
    )
  const first = await io.stdin.secret('New passphrase: ')
  if (first === '') throw new CliError('E_PASSPHRASE', 'the passphrase is empty')
  if ((await io.stdin.secret('Once more: ')) !== first) throw new CliError('E_PASSPHRASE', 'the two passphrases differ')
  return first
}

/** `-` is the standard input. */
export async function readFileOrStdin(io: Io, file: string): Promise<string> {
  return file === '-' ? io.stdin.read(LINE_BYTES * 16) : readFileSync(file, 'utf8')
}

export function firstLine(text: string, what: string): string {
  const line = text.split(/\r?\n/, 1)[0] ?? ''
  if (line === '') throw new CliError('E_USAGE', `${what} names an empty file`)
  return line
}
