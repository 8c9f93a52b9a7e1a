import { hostname } from 'node:os'
import { openHost } from '../../node/index.ts'
import { capture, writeCaptured } from '../../policies/index.ts'
import type { Captured, Value } from '../../policies/index.ts'
import { join } from 'node:path'
import type { Context, Invocation } from '../command.ts'
import { EXIT } from '../errors.ts'
import type { Exit } from '../errors.ts'

/** `chorus capture --json`. */
export interface CaptureOutput {
  readonly resources: readonly { readonly key: string; readonly attrs: Readonly<Record<string, Value>> }[]
  /** By name, the file of this host that holds each: never its content. */
  readonly secrets: Readonly<Record<string, string>>
  /** Files to copy into the policy folder: there, and on this host. */
  readonly copies: Readonly<Record<string, string>>
  readonly yaml: string
}

export async function run(context: Context, { args, options }: Invocation): Promise<Exit> {
  const host = openHost({ backupDir: join(context.stateDir, 'converge', 'backup') })
  const captured: Captured[] = []
  for (const wanted of args.flatMap((arg) => arg ?? [])) captured.push(await capture(host, wanted))
  const name = options.text('name') ?? hostname()
  const yaml = writeCaptured({
    name: options.text('policy') ?? `host/${name.toLowerCase().replaceAll(/[^a-z0-9._-]/g, '-')}`,
    select: `node.name == ${JSON.stringify(name)}`,
    resources: captured,
  })
  const data: CaptureOutput = {
    resources: captured.map(({ key, attrs }) => ({ key, attrs })),
    secrets: Object.assign({}, ...captured.map((one) => one.secrets ?? {})),
    copies: Object.assign({}, ...captured.map((one) => one.copies ?? {})),
    yaml,
  }
  context.out.result('capture', data, (shown) => shown.yaml)
  for (const note of captured.flatMap((one) => one.notes ?? [])) context.out.note(note)
  for (const [secret, path] of Object.entries(data.secrets))
    context.out.note(`Set it with: chorus secret set ${secret} --from ${path}`)
  for (const [there, here] of Object.entries(data.copies))
    context.out.note(`Copy it into the policy folder: ${here} to ${there}`)
  return EXIT.done
}
