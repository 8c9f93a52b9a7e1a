/**
 * Everything that the core refuses, by code (RECORDS.md, section 6). `docs/errors.md` says what to do about each.
 */
export type CoreCode =
  | 'E_TOO_LARGE'
  | 'E_MALFORMED'
  | 'E_WRONG_MESH'
  | 'E_RATE'
  | 'E_BAD_SIG'
  | 'E_UNKNOWN_KEY'
  | 'E_FEED_GAP'
  | 'E_SEQ'
  | 'E_FUTURE'
  | 'E_SCOPE'
  | 'E_VERB'
  | 'E_REVOKED'
  | 'E_STORE'
  | 'E_CHARTER'
  | 'E_THRESHOLD'
  | 'E_LIMIT'
  | 'E_OVERUSED'
  | 'E_EXPIRED'
  | 'E_LEFT'
  | 'E_NEWER'
  | 'E_NOT_ALLOWED'
  | 'E_TOKEN'
  | 'E_CLONED'
  | 'E_CLOCK_SKEW'
  | 'E_WIRE'
  | 'E_UNPROVEN'
  | 'E_ADMISSION_TIMEOUT'
  | 'E_UNHELD'
  | 'E_BUSY'

/** Thrown by the core's functions that take input from outside or an operator's wish. */
export class CoreError extends Error {
  override readonly name = 'CoreError'
  readonly code: CoreCode
  readonly fields: Readonly<Record<string, unknown>>

  constructor(code: CoreCode, message: string, fields: Readonly<Record<string, unknown>> = {}) {
    super(message)
    this.code = code
    this.fields = fields
  }
}
