import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { installed } from '../../node/control/index.ts'
import type { NodeRow } from '../../node/control/index.ts'
import type { Context } from '../command.ts'
import { CliError } from '../errors.ts'
import { sleep } from '../mesh/wait.ts'
import { stateText } from '../out/health.ts'
import { safe } from '../out/text.ts'
import type { Stage } from './stage.ts'

const POLICY = 'web/hello'

export interface DemoStep {
  readonly step: string
  readonly tookMs: number
  readonly nodes: readonly { readonly name: string; readonly state: string; readonly seq: number | null }[]
}

/** What the demo shows, one promise of Chorus after the other. Each step does it, waits until it is so, and shows how long it took. */
export async function tellStory(context: Context, stage: Stage): Promise<void> {
  const { out, io } = context
  const { paint } = out
  const names = stage.peers.map((peer) => peer.name)
  const hello = exampleFolder()
  const versions = new Map<string, number>()
  let number = 0

  /** One step: the command that an operator would type, and the fleet when what it promises has come true. */
  async function step(
    title: string,
    command: string,
    act: () => Promise<void>,
    watcher: string,
    done: (nodes: readonly NodeRow[]) => boolean,
    after?: () => string,
  ): Promise<void> {
    number++
    if (!out.json)
      io.stdout.write(
        `\n${paint('bold', `${number}. ${title}`)}\n${command === '' ? '' : `   ${paint('dim', `$ ${command}`)}\n`}`,
      )
    const progress = out.progress(title)
    const startedAt = io.now()
    let nodes: readonly NodeRow[]
    try {
      await act()
      nodes = await stage.until(watcher, title, done, undefined, (rows) => progress.update(marks(rows)))
    } finally {
      progress.stop()
    }
    const tookMs = io.now() - startedAt
    const rows = [...nodes]
      .sort((a, b) => (a.name < b.name ? -1 : 1))
      .map((row) => ({
        name: row.name,
        state: shownState(row),
        seq: versions.get(row.policies[POLICY]?.version ?? '') ?? null,
      }))
    out.item<DemoStep>('demo', { step: title, tookMs, nodes: rows }, ({ nodes: shown }) => {
      const line = shown
        .map(
          (row) => `${row.name} ${stateText(paint, row.state)}${row.seq === null ? '' : paint('dim', ` v${row.seq}`)}`,
        )
        .join('   ')
      const extra = after === undefined ? '' : `   ${after()}\n`
      return `   ${line}\n${extra}   ${paint('green', '✓')} ${paint('dim', `${(tookMs / 1000).toFixed(1)} s`)}\n`
    })
  }

  const shownState = (row: NodeRow): string =>
    stage.peers.find((peer) => peer.name === row.name)?.running === false ? 'down' : row.state
  const marks = (rows: readonly NodeRow[]): string =>
    rows.map((row) => `${safe(row.name)} ${stateText(out.paintNote, shownState(row))}`).join('  ')
  const known = (rows: readonly NodeRow[]): boolean =>
    names.every((name) => rows.some((row) => row.name === name && (row.self || row.ageMs !== null)))
  const runs =
    (version: string, who: readonly string[]) =>
    (rows: readonly NodeRow[]): boolean =>
      who.every((name) =>
        rows.some(
          (row) =>
            row.name === name && row.policies[POLICY]?.version === version && row.policies[POLICY].state === 'ok',
        ),
      )
  const publish = async (node: string, greeting: string): Promise<string> => {
    const done = await stage.chorus(
      node,
      'publish',
      hello,
      '--set',
      `root=${join(stage.dir, 'hosts')}`,
      '--set',
      `greeting=${greeting}`,
    )
    const [id, seq] = [String(done['id']), Number(done['seq'])]
    versions.set(id, seq)
    return id
  }
  const motd = (node: string): string => firstLine(stage.hostFile(node, 'motd'))
  const quoted = (node: string): string => `${node}/motd says: ${paint('cyan', `"${safe(motd(node))}"`)}`

  await step(
    'Five machines become a mesh. The first makes it, the others join with a token; none is special.',
    'chorus init demo && chorus up      …and four times: chorus join TOKEN && chorus up',
    async () => {
      const [first = '', ...others] = names
      await stage.chorus(first, 'init', 'demo', '--name', first, '--label', 'role=web')
      await stage.peer(first).start()
      const joined = await Promise.all(
        others.map(async (name) => {
          const { token } = await stage.chorus(first, 'invite', '--name', name, '--label', 'role=web')
          await stage.chorus(name, 'join', String(token))
          return stage.peer(name)
        }),
      )
      await Promise.all(joined.map((peer) => peer.start()))
    },
    names[0] ?? '',
    known,
  )

  const [, , publisher = '', other = ''] = names
  await step(
    `The root key lets ${publisher} and ${other} publish web policies to web machines.`,
    `chorus grant ${publisher} --publish 'web/*' --select "labels.role == 'web'"`,
    async () => {
      for (const name of [publisher, other])
        await stage.chorus(names[0] ?? '', 'grant', name, '--publish', 'web/*', '--select', "labels.role == 'web'")
    },
    publisher,
    known,
  )

  let version = ''
  await step(
    `${publisher} publishes. Everybody hears it from a neighbour, checks it, and converges.`,
    'chorus publish policies/examples/hello --wait',
    async () => {
      version = await publish(publisher, 'Hello')
    },
    names[0] ?? '',
    (rows) => runs(version, names)(rows),
    () => quoted(names.at(-1) ?? ''),
  )

  const rest = names.filter((name) => name !== publisher)
  await step(
    `${publisher} dies (kill -9). ${other} publishes the next version, and nobody misses the publisher.`,
    "chorus publish policies/examples/hello --set greeting='Good morning'",
    async () => {
      await stage.peer(publisher).kill()
      version = await publish(other, 'Good morning')
    },
    names[0] ?? '',
    (rows) => runs(version, rest)(rows),
    () => quoted(names.at(-1) ?? ''),
  )

  await step(
    `${publisher} returns and catches up by itself.`,
    'chorus up',
    () => stage.peer(publisher).start(),
    names[0] ?? '',
    (rows) => runs(version, names)(rows),
    () => quoted(publisher),
  )

  const victim = names[1] ?? ''
  await step(
    `Somebody edits a managed file on ${victim} by hand. It is put right.`,
    `echo oops > ${victim}/motd`,
    async () => {
      const path = stage.hostFile(victim, 'motd')
      const wanted = readFileSync(path)
      writeFileSync(path, 'oops\n')
      const end = io.now() + 30_000
      while (!readFileSync(path).equals(wanted)) {
        if (io.now() > end) throw new CliError('E_DEMO', `${path} was not healed within 30 s`)
        await sleep(25, io.signal)
      }
    },
    victim,
    (rows) => runs(version, names)(rows) && rows.every((row) => row.state === 'ok'),
    () => quoted(victim),
  )
}

function firstLine(path: string): string {
  return (readFileSync(path, 'utf8').split('\n', 1)[0] ?? '').trim()
}

export function exampleFolder(): string {
  const folder = join(installed().folder, 'policies/examples/hello')
  if (existsSync(join(folder, 'policy.yaml'))) return folder
  throw new CliError('E_DEMO', 'policies/examples/hello is not part of this installation')
}
