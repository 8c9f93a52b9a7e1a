import type { Context, Invocation } from '../command.ts'
import { EXIT } from '../errors.ts'
import type { Exit } from '../errors.ts'
import { openScreens } from '../demo/screens.ts'
import { Stage } from '../demo/stage.ts'
import { tellStory } from '../demo/story.ts'
import { sleep } from '../mesh/wait.ts'

/** Between the last line of the story and the screens. */
const READ_MS = 5000
const NAMES = ['web-1', 'web-2', 'web-3', 'web-4', 'web-5']

/** `chorus demo`, which is what `npm start` runs. With --json one line a step (DemoStep). */
export async function run(context: Context, { options }: Invocation): Promise<Exit> {
  const { io, out } = context
  const stage = new Stage(io, NAMES)
  const abandon = (): void => stage.abandon()
  process.once('exit', abandon)
  try {
    if (!out.json)
      io.stdout.write(
        `${out.paint('bold', 'Chorus')}: five real peers on this machine, over TCP on loopback,\neach with its own key and folder below ${stage.dir}\n`,
      )
    await tellStory(context, stage)
    const stays = hasScreen(context)
    if (stays) await showScreens(context, stage)
    if (!out.json) io.stdout.write(closing(context, stage, stays))
    if (stays) await untilStopped(io.signal)
    return EXIT.done
  } catch (error) {
    // Ctrl-C in the middle of the story ends it, and nothing is wrong with that.
    if (io.signal.aborted) return EXIT.done
    throw error
  } finally {
    await stage.close(options.flag('keep'))
    process.off('exit', abandon)
    if (options.flag('keep')) out.note(`Everything is still in ${stage.dir}`)
  }
}

/** Somebody looks, and can press keys. */
function hasScreen({ io, out }: Context): boolean {
  return !out.json && io.stdin.isTTY && io.stdout.isTTY && io.env['TERM'] !== 'dumb'
}

/** What was shown so far is gone behind the screens until they are left: there is time to read it. */
async function showScreens({ io, out: { paint } }: Context, stage: Stage): Promise<void> {
  io.stdout.write(
    `\n${paint('bold', `The mesh as its operator sees it: chorus top opens in ${READ_MS / 1000} s. ? helps, q leaves it.`)}\n`,
  )
  await sleep(READ_MS, io.signal)
  await openScreens(stage, io.signal)
}

function closing({ out: { paint } }: Context, stage: Stage, stays: boolean): string {
  const [first, second] = stage.peers
  const tries =
    stays && first !== undefined && second !== undefined
      ? [
          '',
          'The mesh is running until you press Ctrl-C. In another terminal, in this folder:',
          ...[
            `export CHORUS_STATE=${first.stateDir}`,
            `export XDG_CONFIG_HOME=${stage.operator}`,
            'npx chorus top                         # the screens again',
            'npx chorus status; npx chorus nodes; npx chorus log',
            'npx chorus rollback web/hello --wait   # everybody goes back',
            `npx chorus status --state ${second.stateDir}`,
          ].map((line) => `  ${paint('cyan', line)}`),
        ]
      : ['', 'The peers are stopped, their folders removed. On a terminal the screens open, and the mesh stays up.']
  return [...tries, '', 'Next: a mesh of your own, with init, invite and join: docs/quick-start.md', ''].join('\n')
}

function untilStopped(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise((resolve) => {
    // Something must keep the process alive while it only waits.
    const alive = setInterval(() => undefined, 60_000)
    signal.addEventListener('abort', () => {
      clearInterval(alive)
      resolve()
    })
  })
}
