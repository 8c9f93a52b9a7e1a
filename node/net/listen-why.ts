import { messageOf } from '../errors.ts'

/** What the system says of an address, and what helps. */
const REASONS: readonly (readonly [pattern: RegExp, why: string])[] = [
  [
    /EADDRINUSE/,
    'the port is in use, perhaps by another daemon on this machine: choose another with --listen, such as 127.0.0.1:0',
  ],
  [/EACCES/, 'this user may not open that port: choose one above 1023 with --listen'],
  [/EADDRNOTAVAIL/, 'this machine has no such address: choose one that it has with --listen'],
]

/** Why nothing could be listened on, in one sentence: libp2p tells it with the stacks of all that it tried. */
export function whyNotListening(error: unknown): string {
  const told = messageOf(error)
  const known = REASONS.find(([pattern]) => pattern.test(told))
  return known?.[1] ?? told.split('\n', 1)[0] ?? told
}
