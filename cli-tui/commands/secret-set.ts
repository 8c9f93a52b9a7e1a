import { readFileSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import { LIMITS, secretFileFor } from '../../policies/index.ts'
import type { SecretReaders } from '../../policies/index.ts'
import type { Context, Invocation } from '../command.ts'
import { CliError, EXIT } from '../errors.ts'
import type { Exit } from '../errors.ts'
import { didYouMean } from '../input/suggest.ts'
import type { Options } from '../input/options.ts'
import { daemonOf } from '../mesh/daemon.ts'
import { listed, plural, safe } from '../out/text.ts'
import { folderAbove, nameIn, secretFile, secretFolder } from '../secrets/folder.ts'
import type { Reader, SecretFolder } from '../secrets/folder.ts'
import { writeSecret } from '../secrets/seal.ts'
import { headerOf } from '../secrets/state.ts'

/** `chorus secret set --json`. Never the value. */
export interface SecretSetOutput {
  readonly policy: string
  readonly name: string
  readonly file: string
  readonly version: number
  /** Names of the nodes that can read it. */
  readonly readers: readonly string[]
  /** Nodes that should, and have no age key in their certificate. */
  readonly keyless: readonly string[]
  /** Recipients beside nodes. */
  readonly also: readonly string[]
}

export async function run(context: Context, { args, options }: Invocation): Promise<Exit> {
  const what = args[0] ?? ''
  const client = await daemonOf(context)
  const [{ mesh }, { nodes }] = await Promise.all([client.status(), client.nodes()])
  const folder = await secretFolder(context, dirOf(context, options, what), nodes)
  const { name, file, readers } = target(context, options, folder, what)
  const before = secretFile(folder.dir, file)
  const header = before === undefined ? undefined : headerOf(before)
  const ours = header?.binding.mesh === mesh && header.binding.policy === folder.policy && header.binding.name === name
  const also = [...new Set([...(ours ? header.recipients.also : []), ...options.list('to')])]
  const keyed = readers.filter(({ recipient }) => recipient !== undefined)
  const keyless = readers.filter(({ recipient }) => recipient === undefined).map(({ node }) => node.name)
  if (keyed.length + also.length === 0) throw nobody(folder, name, file, keyless)
  const value = await valueOf(context, options, name)
  const version = ours ? header.binding.version + 1 : 1
  await writeSecret(folder.dir, file, { mesh, policy: folder.policy, name, version }, value, {
    nodes: keyed.flatMap(({ recipient }) => recipient ?? []),
    also,
  })
  const data: SecretSetOutput = {
    policy: folder.policy,
    name,
    file,
    version,
    readers: keyed.map(({ node }) => node.name).sort(),
    keyless,
    also,
  }
  context.out.result('secret', data, (shown, paint) => {
    const who = shown.readers.length === 0 ? 'no node' : listed(shown.readers.map((one) => safe(one)))
    return `${paint('bold', safe(shown.name))} version ${shown.version} in ${safe(shown.file)}, for ${who}\n`
  })
  for (const one of keyless)
    context.out.warn(`${safe(one)} has no age key in its certificate: it goes on waiting; it gets one by joining again`)
  if (!context.out.json) context.out.note(`It takes effect with: chorus publish ${options.text('dir') ?? 'DIR'}`)
  return EXIT.done
}

/** `--dir`, or the policy that a file lies in, or this folder. */
function dirOf({ io }: Context, options: Options, what: string): string {
  const dir = options.text('dir')
  if (dir !== undefined) return dir
  return isPath(what) ? folderAbove(resolve(io.cwd, what)) : '.'
}

const isPath = (what: string): boolean => what.includes('/') || what.endsWith('.age')

interface Target {
  readonly name: string
  readonly file: string
  readonly readers: readonly Reader[]
}

function target({ io }: Context, options: Options, folder: SecretFolder, what: string): Target {
  const named = folder.readers.find((secret) => secret.name === what)
  if (named !== undefined) return ofName(options, named, folder.policy)
  if (isPath(what)) {
    const file = nameIn(folder.dir, resolve(io.cwd, what))
    for (const secret of folder.readers) {
      const found = secret.files.find((one) => one.file === file)
      if (found !== undefined) return { name: secret.name, ...found }
    }
    const files = folder.readers.flatMap((secret) => secret.files.map((one) => one.file))
    throw new CliError(
      'E_NOT_FOUND',
      `no secret of ${folder.policy} has the file ${file} for any node here${didYouMean(file, files)}`,
      files.length === 0 ? 'See "chorus secret list DIR".' : `Its files: ${listed(files)}.`,
    )
  }
  const names = Object.keys(folder.secrets)
  if (names.includes(what))
    throw new CliError(
      'E_USAGE',
      `the secret ${what} of ${folder.policy} comes from the node itself, not from a file here`,
    )
  throw new CliError(
    'E_NOT_FOUND',
    `${folder.policy} has no secret "${what}"${didYouMean(what, names)}`,
    names.length === 0
      ? `Declare it in policy.yaml first: secrets: { ${what}: { age: secrets/${what}.age } }`
      : `It has ${listed(names)}.`,
  )
}

function ofName(options: Options, { name, pattern, files, unnamed }: SecretReaders<Reader>, policy: string): Target {
  const labels = options.pairs('label')
  if (Object.keys(labels).length > 0) {
    const file = secretFileFor(pattern, { labels, node: { name: '', id: '' } })
    if (file === undefined) throw new CliError('E_USAGE', `the labels given do not name a file of ${name}: ${pattern}`)
    return { name, file, readers: files.find((one) => one.file === file)?.readers ?? [] }
  }
  if (!pattern.includes('${')) return { name, file: pattern, readers: files[0]?.readers ?? [] }
  const [only, ...more] = files
  if (only !== undefined && more.length === 0) return { name, ...only }
  if (only === undefined) {
    const why =
      unnamed.length === 0 ? 'no node here is of this policy' : `${plural(unnamed.length, 'node')} of it lack the label`
    throw new CliError('E_NOT_FOUND', `nobody could read ${name} of ${policy}, whose file is ${pattern}: ${why}`)
  }
  throw new CliError(
    'E_USAGE',
    `${name} has a file for each of several groups of nodes: ${listed(files.map(({ file, readers }) => `${file} (${plural(readers.length, 'node')})`))}`,
    `Say which, by its name or with --label: chorus secret set ${only.file}`,
  )
}

function nobody({ policy }: SecretFolder, name: string, file: string, keyless: readonly string[]): CliError {
  return keyless.length === 0
    ? new CliError(
        'E_NOT_FOUND',
        `nobody could read ${file}: no node that ${policy} may select has the labels for it`,
        `See who there is with "chorus nodes"; a key of your own can read it with --to age1...`,
      )
    : new CliError(
        'E_NOT_FOUND',
        `nobody could read ${name}: ${listed(keyless)} ${keyless.length === 1 ? 'has' : 'have'} no age key in the certificate`,
        'A node gets one by joining again: chorus invite, then chorus join there.',
      )
}

/** The value, from a file, the standard input, or the terminal: never from the command line, which others can see. */
async function valueOf({ io, out }: Context, options: Options, name: string): Promise<Uint8Array> {
  const from = options.text('from')
  let value: Uint8Array
  if (from !== undefined && from !== '-') {
    const path = resolve(io.cwd, from)
    if (statSync(path).size > LIMITS.secretBytes) throw tooLong()
    value = readFileSync(path)
  } else {
    const text =
      io.stdin.isTTY && from === undefined
        ? await io.stdin.secret(`Value of ${name}: `)
        : await io.stdin.read(LIMITS.secretBytes)
    if (text.includes('\u{FFFD}')) throw noText()
    value = new TextEncoder().encode(text)
  }
  if (options.flag('trim') && value.at(-1) === 0x0a) value = value.subarray(0, value.at(-2) === 0x0d ? -2 : -1)
  if (value.length === 0)
    throw new CliError('E_USAGE', 'the value is empty', 'Give it on the standard input, or with --from FILE.')
  if (value.length > LIMITS.secretBytes) throw tooLong()
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(value)
  } catch {
    throw noText()
  }
  if (value.at(-1) === 0x0a && !value.subarray(0, -1).includes(0x0a))
    out.note('The value ends with a newline; --trim leaves it out.')
  return value
}

const tooLong = (): CliError => new CliError('E_USAGE', `a secret has at most ${LIMITS.secretBytes} bytes`)
const noText = (): CliError =>
  new CliError('E_USAGE', 'the value is no text in UTF-8', 'Encode it, as with base64, and decode it where it is used.')
