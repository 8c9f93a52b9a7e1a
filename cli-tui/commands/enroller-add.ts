import type { LabelRule } from '../../node/core/index.ts'
import type { Context, Invocation } from '../command.ts'
import { CliError, EXIT } from '../errors.ts'
import type { Exit } from '../errors.ts'
import { changeCharter, charterInForce } from '../mesh/charter.ts'
import { daemonOf } from '../mesh/daemon.ts'
import { ledgerOf } from '../mesh/ledger.ts'
import { whoIs } from '../mesh/who.ts'

export async function run(context: Context, { args, options }: Invocation): Promise<Exit> {
  const client = await daemonOf(context)
  const [ledger, { nodes }] = [await ledgerOf(client), await client.nodes()]
  const { body } = charterInForce(ledger)
  const who = whoIs(context, args[0] ?? '', nodes, body.grants)
  const line = { key: who.key, labels: ruleOf(options.list('label')) }
  const enrollers = [...body.enrollers.filter((other) => other.key !== who.key), line]
  await changeCharter(context, client, options, ledger, { enrollers }, `${who.name} may enrol nodes`)
  return EXIT.done
}

/** `--label env=dev --label env=test --label role=*`; without any, every label. A label that is not named is not allowed. */
function ruleOf(items: readonly string[]): LabelRule {
  if (items.length === 0) return { '*': ['*'] }
  const rule = new Map<string, string[]>()
  for (const item of items) {
    const equals = item.indexOf('=')
    if (equals < 1) throw new CliError('E_USAGE', `--label wants KEY=VALUE, not "${item}"`)
    const key = item.slice(0, equals)
    rule.set(key, [...(rule.get(key) ?? []), item.slice(equals + 1)])
  }
  return Object.fromEntries(rule)
}
