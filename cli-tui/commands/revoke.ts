import type { Key, Ledger, Revoke } from '../../node/core/index.ts'
import { buildRevoke, seal } from '../../node/core/index.ts'
import { hasher } from '../../node/index.ts'
import type { NodeRow } from '../../node/control/index.ts'
import type { Context, Invocation } from '../command.ts'
import { CliError, EXIT } from '../errors.ts'
import type { Exit } from '../errors.ts'
import { confirmed } from '../input/confirm.ts'
import type { Options } from '../input/options.ts'
import { rootSigners } from '../keys/signers.ts'
import { charterInForce } from '../mesh/charter.ts'
import { daemonOf } from '../mesh/daemon.ts'
import { ledgerOf } from '../mesh/ledger.ts'
import { whoIs } from '../mesh/who.ts'
import { listed } from '../out/text.ts'

/** `chorus revoke --json`. */
export interface RevokeOutput {
  readonly id: string
  readonly what: 'feed' | 'member' | 'invite'
  readonly key: string
  readonly name: string
}
interface Target {
  readonly what: Revoke['what']
  readonly key: Key
  readonly name: string
}

export async function run(context: Context, { args, options }: Invocation): Promise<Exit> {
  const client = await daemonOf(context)
  const [ledger, { nodes }] = [await ledgerOf(client), await client.nodes()]
  const target = targetOf(context, args[0] ?? '', options, ledger, nodes)
  const voidAll = options.flag('void-all')
  if (voidAll && target.what !== 'feed') throw new CliError('E_USAGE', '--void-all goes with --as feed')
  await confirmed(context, options, QUESTIONS[target.what](target.name, voidAll))
  const signers = await rootSigners(context, options, charterInForce(ledger).body.roots)
  const [signer] = signers
  if (signer === undefined) throw new CliError('E_KEY_FILE', 'no root key is at hand')
  const body = buildRevoke(ledger, signer.key, {
    at: context.io.now(),
    what: target.what,
    target: target.key,
    heads: target.what === 'feed' && !voidAll ? 'now' : 'none',
  })
  const sent = await client.submit(seal(body, [signer], hasher).bytes)
  if (!sent.counts)
    throw new CliError('E_NOT_ALLOWED', `the revocation does not count: ${sent.reason} (${sent.code ?? 'void'})`)
  context.out.result<RevokeOutput>(
    'revoke',
    { id: sent.id, what: target.what, key: target.key, name: target.name },
    (data, paint) => `${paint('green', '●')} ${DONE[data.what](data.name)}\n`,
  )
  return EXIT.done
}

const QUESTIONS: Readonly<Record<Revoke['what'], (name: string, all: boolean) => string>> = {
  member: (name) => `Throw ${name} out of the mesh?`,
  feed: (name, all) => (all ? `Void everything that ${name} ever said?` : `Let nothing more that ${name} says count?`),
  invite: (name) => `Take back the invite ${name}?`,
}
const DONE: Readonly<Record<Revoke['what'], (name: string) => string>> = {
  member: (name) => `${name} is out: members hang up on it. To let the machine in again, invite it anew.`,
  feed: (name) => `nothing new that ${name} says counts`,
  invite: (name) => `the invite ${name} lets nobody in any more; nodes that an enroller confirmed stay`,
}

/** An invite by its id, else a node as a member, else a key as a publisher. */
function targetOf(context: Context, text: string, options: Options, ledger: Ledger, nodes: readonly NodeRow[]): Target {
  const as = options.text('as')
  if (as === undefined || as === 'invite') {
    const found =
      text.length < 6
        ? []
        : ledger
            .invites()
            .filter(
              ({ envelope }) =>
                envelope.id.startsWith(text) || envelope.id.endsWith(text) || envelope.body.invite === text,
            )
    const [invite] = found
    if (found.length > 1)
      throw new CliError(
        'E_AMBIGUOUS',
        `"${text}" means several invites: ${listed(found.map(({ envelope }) => envelope.id))}`,
      )
    if (invite !== undefined)
      return { what: 'invite', key: invite.envelope.body.invite, name: invite.envelope.body.name ?? text }
    if (as === 'invite') throw new CliError('E_NOT_FOUND', `no invite has the id "${text}"`, 'chorus log lists them.')
  }
  const lines = ledger.charters.all.flatMap(({ body }) => body.grants)
  const who = whoIs(context, text, nodes, lines)
  const what = as === 'feed' || as === 'member' ? as : who.isNode ? 'member' : 'feed'
  return { what, key: who.key, name: who.name }
}
