/** Every code of this folder with what it means and what to do; the daemon's other codes pass through unchanged. */
export const CONTROL_ERRORS = {
  E_NO_DAEMON: [
    'No daemon answers in this state folder.',
    'Start it with `chorus up`, or name its folder with --state.',
  ],
  E_SOCKET_DENIED: [
    'The control socket belongs to another user.',
    'Run the command as the user who runs the daemon, or as root.',
  ],
  E_API_VERSION: [
    'The daemon speaks another version of the control API.',
    'Restart the daemon so that it and the command are the same version.',
  ],
  E_ANSWER: ['The daemon broke off its answer, or what it said is no answer.', 'See its log; try again when it is up.'],
  E_TIMEOUT: ['The daemon did not answer in time.', 'See its log; it may be busy with a long run.'],
  E_BAD_REQUEST: ['The request does not fit the control API.', 'Correct what the message names.'],
  E_TOO_LARGE: ['The request, a record or a block is over its limit.', 'Split it, or publish less at once.'],
  E_NOT_FOUND: ['Nothing here has this name or id.', 'See `chorus nodes` or `chorus log`.'],
  E_AMBIGUOUS: ['Several things start with this id.', 'Give more of it.'],
  E_BUSY: ['The daemon already has as many requests of this kind as it takes.', 'Try again in a moment.'],
  E_STOPPING: ['The daemon is stopping.', 'Start it again with `chorus up`.'],
  E_NOT_HELD: [
    'No other peer said in time that it holds the bundle.',
    'The version is durable here and goes on spreading; see `chorus status`, or use --local on a lone node.',
  ],
  E_UNREACHABLE: [
    'That node could not be asked: it is down, or no address of it leads there from here.',
    'Look from a node that is its neighbour, or on the node itself.',
  ],
  E_UNOBSERVED: [
    'That node tells its outcomes only to keys with the verb `observe` there.',
    'A root gives it: `chorus grant NODE --verb observe`.',
  ],
  E_CONVERGE_TIMEOUT: ['The run did not end in time.', 'It goes on; see `chorus status`.'],
  E_INTERNAL: ['The daemon failed in a way that it did not expect.', 'See its log, and report it.'],
} as const satisfies Record<string, readonly [meaning: string, remedy: string]>

export type ControlCode = keyof typeof CONTROL_ERRORS
/** Codes of other folders (the engine, the store, policies) reach the client through the control API as they are. */
type PassedOn = `E_${string}`

/** What the control API refuses, on both ends. The message says what is wrong; the hint what to do. */
export class ControlError extends Error {
  override readonly name = 'ControlError'
  readonly code: ControlCode | PassedOn
  readonly hint: string | undefined

  constructor(code: ControlCode | PassedOn, message: string, hint?: string) {
    super(message)
    this.code = code
    this.hint = hint ?? (isControlCode(code) ? CONTROL_ERRORS[code][1] : undefined)
  }
}

function isControlCode(code: string): code is ControlCode {
  return Object.hasOwn(CONTROL_ERRORS, code)
}

export function isErrorCode(code: unknown): code is PassedOn {
  return typeof code === 'string' && /^E_[A-Z0-9_]{1,60}$/.test(code)
}
