import type { IncomingMessage } from 'node:http'
import { pipeline } from 'node:stream/promises'
import { Readable } from 'node:stream'
import { http } from '../http.ts'
import { ControlError, isErrorCode } from './errors.ts'
import { CONTROL_LIMITS } from './limits.ts'
import { socketPath } from './socket.ts'
import { API_HEADER, API_VERSION } from './version.ts'

const { request } = http

export interface Call {
  readonly method: 'GET' | 'POST'
  readonly path: string
  /** JSON, or a stream of bytes. */
  readonly body?: unknown
  readonly stream?: AsyncIterable<Uint8Array>
  /** Until the answer begins; 0: for ever. */
  readonly timeoutMs?: number
  readonly signal?: AbortSignal | undefined
}

/**
 * One request over the socket of a state folder. Resolves when the daemon has answered 2xx and its body can be read.
 * @throws ControlError E_NO_DAEMON, E_SOCKET_DENIED, E_API_VERSION, E_TIMEOUT, E_ANSWER, and whatever code the daemon refused with
 */
export async function send(stateDir: string, call: Call): Promise<IncomingMessage> {
  const socket = socketPath(stateDir)
  const timeout = call.timeoutMs ?? CONTROL_LIMITS.answerMs
  try {
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      const json = call.body === undefined ? undefined : Buffer.from(JSON.stringify(call.body))
      const headers: Record<string, string | number> = { [API_HEADER]: String(API_VERSION), connection: 'close' }
      if (json) Object.assign(headers, { 'content-type': 'application/json', 'content-length': json.byteLength })
      if (call.stream) headers['content-type'] = 'application/octet-stream'
      const req = request({
        socketPath: socket.path,
        method: call.method,
        path: call.path,
        headers,
        agent: false,
        ...(call.signal === undefined ? {} : { signal: call.signal }),
      })
      const timer = timeout > 0 ? setTimeout(() => req.destroy(late(call, timeout)), timeout) : undefined
      req.on('response', (res) => {
        clearTimeout(timer)
        resolve(res)
      })
      req.on('error', (error) => {
        clearTimeout(timer)
        reject(error)
      })
      if (call.stream) {
        // A daemon that refuses early closes the stream; its answer, not the broken pipe, is what counts.
        pipeline(Readable.from(call.stream, { objectMode: false }), req).catch((error: unknown) => {
          if (!isBrokenPipe(error)) req.destroy(error instanceof Error ? error : new Error(String(error)))
        })
      } else {
        req.end(json)
      }
    })
    return await accepted(answer)
  } catch (error) {
    throw mapped(error, stateDir, call.signal)
  } finally {
    socket.release()
  }
}

async function accepted(answer: IncomingMessage): Promise<IncomingMessage> {
  const version = answer.headers[API_HEADER]
  if (version !== String(API_VERSION)) {
    answer.destroy()
    throw new ControlError(
      'E_API_VERSION',
      `The daemon speaks control API ${String(version ?? 'of another program')}, this command ${API_VERSION}.`,
    )
  }
  const status = answer.statusCode ?? 0
  if (status >= 200 && status < 300) return answer
  const body = parse(await readAll(answer, CONTROL_LIMITS.requestBytes))
  if (typeof body === 'object' && body !== null && 'code' in body && 'message' in body && isErrorCode(body.code)) {
    const hint = 'hint' in body && typeof body.hint === 'string' ? body.hint : undefined
    throw new ControlError(body.code, String(body.message), hint)
  }
  throw new ControlError('E_ANSWER', `The daemon refused with HTTP ${status} and no reason.`)
}

/** @throws ControlError E_ANSWER if it is longer than `max`, or breaks off */
export async function readAll(answer: IncomingMessage, max: number): Promise<string> {
  const parts: Buffer[] = []
  let length = 0
  for await (const part of bytesOf(answer)) {
    length += part.byteLength
    if (length > max) {
      answer.destroy()
      throw new ControlError('E_ANSWER', `The daemon's answer is longer than ${max} bytes.`)
    }
    parts.push(Buffer.from(part.buffer, part.byteOffset, part.byteLength))
  }
  return Buffer.concat(parts).toString('utf8')
}

/** The body of an answer. @throws ControlError E_ANSWER if the daemon goes away in the middle */
export async function* bytesOf(answer: IncomingMessage): AsyncGenerator<Uint8Array> {
  try {
    for await (const part of answer) {
      if (part instanceof Uint8Array) yield part
    }
  } catch (error) {
    if (error instanceof ControlError) throw error
    if (isAbort(error)) throw error
    throw new ControlError('E_ANSWER', 'The daemon broke off in the middle of its answer.')
  }
  if (!answer.complete) throw new ControlError('E_ANSWER', 'The daemon broke off in the middle of its answer.')
}

export function parse(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text)
    return value
  } catch {
    throw new ControlError('E_ANSWER', 'What the daemon answered is not JSON.')
  }
}

function late(call: Call, timeout: number): ControlError {
  return new ControlError(
    'E_TIMEOUT',
    `The daemon did not answer ${call.method} ${call.path} within ${timeout / 1000} s.`,
  )
}

function codeOf(error: unknown): string | undefined {
  return typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : undefined
}

const isBrokenPipe = (error: unknown): boolean =>
  ['EPIPE', 'ECONNRESET', 'ERR_STREAM_PREMATURE_CLOSE', 'ERR_STREAM_DESTROYED'].includes(codeOf(error) ?? '')

const isAbort = (error: unknown): boolean => error instanceof Error && error.name === 'AbortError'

/** Errors of the socket, by what an operator can do about them. */
function mapped(error: unknown, stateDir: string, signal: AbortSignal | undefined): unknown {
  if (error instanceof ControlError || signal?.aborted === true) return error
  const code = codeOf(error)
  if (code === 'ENOENT' || code === 'ECONNREFUSED' || code === 'ENOTDIR') {
    return new ControlError('E_NO_DAEMON', `No daemon runs in ${stateDir}.`)
  }
  if (code === 'EACCES' || code === 'EPERM') {
    return new ControlError('E_SOCKET_DENIED', `The daemon in ${stateDir} runs as another user.`)
  }
  if (isBrokenPipe(error) || code?.startsWith('HPE_') === true) {
    return new ControlError('E_ANSWER', `The daemon in ${stateDir} closed the connection before it answered.`)
  }
  return error
}
