import { spawn } from 'node:child_process'
import { MAIN } from './peer.ts'
import type { Stage } from './stage.ts'

/** `chorus top` of the demo's first peer, on this terminal. Resolves when it was left, for whatever reason. */
export function openScreens({ operator, peers: [first] }: Stage, signal: AbortSignal): Promise<void> {
  if (first === undefined || signal.aborted) return Promise.resolve()
  const child = spawn(process.execPath, [MAIN, 'top', '--state', first.stateDir], {
    stdio: 'inherit',
    env: { ...process.env, XDG_CONFIG_HOME: operator },
  })
  // It gives the terminal back before it ends.
  const stop = (): void => void child.kill()
  signal.addEventListener('abort', stop)
  return new Promise<void>((left) => {
    child.once('exit', () => left())
    child.once('error', () => left())
  }).finally(() => signal.removeEventListener('abort', stop))
}
