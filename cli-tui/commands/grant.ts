import type { Charter, Grant, Verb } from '../../node/core/index.ts'
import { checkSelector, didYouMean, RESOURCE_TYPES } from '../../policies/index.ts'
import type { Context, Invocation } from '../command.ts'
import { CliError, EXIT } from '../errors.ts'
import type { Exit } from '../errors.ts'
import type { Options } from '../input/options.ts'
import { changeCharter, charterInForce } from '../mesh/charter.ts'
import { daemonOf } from '../mesh/daemon.ts'
import { ledgerOf } from '../mesh/ledger.ts'
import { whoIs } from '../mesh/who.ts'
import type { Who } from '../mesh/who.ts'

/** The largest bundle there is; a smaller bound is rarely meant. */
const MAX_BLOB = 2 ** 30
/** Versions an hour: what is more is said, and spreads by sync alone. */
const RATE = 3600
const DEFAULT_VERBS: readonly Verb[] = ['publish', 'retire']

export async function run(context: Context, { args, options }: Invocation): Promise<Exit> {
  const client = await daemonOf(context)
  const [ledger, { nodes }] = [await ledgerOf(client), await client.nodes()]
  const { body } = charterInForce(ledger)
  const who = whoIs(context, args[0] ?? '', nodes, body.grants)
  const name = options.text('as') ?? (who.isNode ? (who.name.split('~')[0] ?? who.name) : who.name)
  const remove = options.flag('remove')
  const grants = remove ? without(body, who, options.text('as')) : withLine(body, lineOf(context, options, who, name))
  await changeCharter(
    context,
    client,
    options,
    ledger,
    { grants },
    remove
      ? `${who.name} may not publish any more`
      : `${name} may ${verbsOf(options).join(', ')} ${options.list('publish').join(', ')}`,
  )
  return EXIT.done
}

const verbsOf = (options: Options): readonly Verb[] => {
  const given = options.list('verb').filter(isVerb)
  return given.length === 0 ? DEFAULT_VERBS : given
}
const isVerb = (text: string): text is Verb =>
  ['publish', 'retire', 'rollout', 'secret', 'exec', 'observe'].includes(text)

function lineOf(context: Context, options: Options, who: Who, name: string): Grant {
  const policies = options.list('publish')
  if (policies.length === 0)
    throw new CliError('E_USAGE', "which policies? Give --publish PATTERN, such as --publish 'web/*'")
  const selector = options.text('select') ?? 'true'
  checkSelector(selector, ['labels', 'node'])
  const types = options.list('type')
  const unknown = types.find((type) => !Object.hasOwn(RESOURCE_TYPES, type))
  if (unknown !== undefined)
    throw new CliError(
      'E_NOT_FOUND',
      `there is no resource type "${unknown}".${didYouMean(unknown, Object.keys(RESOURCE_TYPES))}`,
    )
  const paths = options.list('path')
  const relative = paths.find((path) => !path.startsWith('/'))
  if (relative !== undefined) throw new CliError('E_USAGE', `--path wants an absolute path, not "${relative}"`)
  const expires = options.duration('expires')
  return {
    key: who.key,
    name,
    policies,
    verbs: verbsOf(options),
    selector,
    ...(types.length === 0 ? {} : { types }),
    ...(paths.length === 0 ? {} : { paths }),
    maxBlob: MAX_BLOB,
    rate: RATE,
    ...(expires === undefined ? {} : { expires: context.io.now() + expires }),
  }
}

/** In place of the line with the same key and name, else at the end. */
function withLine(body: Charter, line: Grant): readonly Grant[] {
  const at = body.grants.findIndex((other) => other.key === line.key && other.name === line.name)
  return at < 0 ? [...body.grants, line] : body.grants.with(at, line)
}

function without(body: Charter, who: Who, name: string | undefined): readonly Grant[] {
  const left = body.grants.filter((line) => line.key !== who.key || (name !== undefined && line.name !== name))
  if (left.length === body.grants.length)
    throw new CliError(
      'E_NOT_FOUND',
      `${who.name} has no grant${name === undefined ? '' : ` called "${name}"`}`,
      'chorus charter lists the grants.',
    )
  return left
}
