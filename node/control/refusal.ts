import { z } from 'zod'
import { ControlError, isErrorCode } from './errors.ts'
import type { CONTROL_ERRORS } from './errors.ts'
import type { ControlErrorBody } from './schema.ts'

export interface Refusal {
  readonly status: number
  readonly body: ControlErrorBody
  /** The daemon's own fault: to be logged with its stack. */
  readonly internal: boolean
}

/** HTTP status by code; whatever else has a code is a conflict with the daemon's state. */
const STATUS: Readonly<Record<string, number>> = {
  E_BAD_REQUEST: 400,
  E_NOT_FOUND: 404,
  E_AMBIGUOUS: 409,
  E_TOO_LARGE: 413,
  E_BUSY: 429,
  E_STOPPING: 503,
  E_NOT_HELD: 504,
  E_CONVERGE_TIMEOUT: 504,
  E_INTERNAL: 500,
}

/** What a client is told about whatever was thrown: a code, a sentence, and never a stack. */
export function refusalOf(thrown: unknown): Refusal {
  if (thrown instanceof z.ZodError) {
    const issue = thrown.issues[0]
    const place = issue && issue.path.length > 0 ? `${issue.path.join('.')}: ` : ''
    return refusal('E_BAD_REQUEST', `The request is not understood: ${place}${issue?.message ?? 'wrong form'}.`)
  }
  if (thrown instanceof Error && 'code' in thrown) {
    const code = CODES[String(thrown.code)] ?? thrown.code
    const hint = 'hint' in thrown && typeof thrown.hint === 'string' ? thrown.hint : undefined
    if (isErrorCode(code)) return refusal(code, thrown.message, hint)
  }
  const message = thrown instanceof Error ? thrown.message : String(thrown)
  return refusal('E_INTERNAL', `The daemon failed: ${message.split('\n', 1)[0]}`)
}

/** Fastify's own codes that a client can cause. */
const CODES: Readonly<Record<string, keyof typeof CONTROL_ERRORS>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'E_TOO_LARGE',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'E_BAD_REQUEST',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'E_BAD_REQUEST',
  FST_ERR_CTP_INVALID_JSON_BODY: 'E_BAD_REQUEST',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'E_BAD_REQUEST',
}

function refusal(code: ControlError['code'], message: string, hint?: string): Refusal {
  const shown = hint ?? new ControlError(code, message).hint
  return {
    status: STATUS[code] ?? 409,
    body: { code, message, ...(shown === undefined ? {} : { hint: shown }) },
    internal: code === 'E_INTERNAL',
  }
}
