import type { IncomingMessage } from 'node:http'
import { pipeline, Readable } from 'node:stream'
import { createGunzip, createInflateRaw, type Gunzip, type InflateRaw } from 'node:zlib'
import { PolicyError, type FetchOptions } from '../../policies/index.ts'
import { messageOf } from '../errors.ts'
import { requester } from './web.ts'
import { HOST_LIMITS } from '../limits.ts'

/** Unpacks gzip piece by piece: what is not asked for is not unpacked, so that a bomb fills no memory. */
export function gunzip(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  return unpack(source, createGunzip(), 'gzip file')
}

/** The same for deflate without a header. */
export function inflate(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  return unpack(source, createInflateRaw(), 'deflated member')
}

async function* unpack(
  source: AsyncIterable<Uint8Array>,
  unpacked: Gunzip | InflateRaw,
  what: string,
): AsyncGenerator<Uint8Array> {
  const input = Readable.from(source, { objectMode: false })
  let failed: unknown
  pipeline(input, unpacked, (error) => {
    failed = error
  })
  try {
    for await (const piece of unpacked) yield piece as Uint8Array
  } catch (error) {
    // An error of the source is its own; one of zlib is about the bytes.
    if (error instanceof PolicyError) throw error
    throw new PolicyError('E_MALFORMED', `this is no whole ${what}: ${messageOf(failed ?? error)}`)
  }
}

/** The body of an answer, with a bound on silence and on the whole. Redirections are followed, the checksum guards the content. */
export async function* fetchUrl(url: string, options: FetchOptions): AsyncGenerator<Uint8Array> {
  const timeout = AbortSignal.timeout(Math.max(1, Math.ceil(options.timeoutMs)))
  const signal = options.signal === undefined ? timeout : AbortSignal.any([timeout, options.signal])
  try {
    const answer = await ask(url, signal)
    try {
      for await (const piece of answer) yield piece as Uint8Array
    } finally {
      answer.destroy()
    }
  } catch (error) {
    if (error instanceof PolicyError) throw error
    if (options.signal?.aborted === true) throw new PolicyError('E_CANCELLED', `fetching ${url} was cancelled`)
    if (timeout.aborted) throw new PolicyError('E_TIMEOUT', `${url} did not come within ${options.timeoutMs / 1000} s`)
    throw new PolicyError('E_FETCH', `${url} cannot be fetched: ${messageOf(error)}`)
  }
}

async function ask(url: string, signal: AbortSignal): Promise<IncomingMessage> {
  let at = new URL(url)
  for (let hops = 0; hops <= HOST_LIMITS.redirects; hops++) {
    const answer = await answerOf(at, signal)
    const { statusCode = 0, headers } = answer
    if (statusCode === 200) return answer
    answer.destroy()
    if (![301, 302, 303, 307, 308].includes(statusCode) || headers.location === undefined)
      throw new PolicyError('E_FETCH', `${at.href} answered with ${statusCode}`)
    at = new URL(headers.location, at)
    if (at.protocol !== 'http:' && at.protocol !== 'https:')
      throw new PolicyError('E_FETCH', `${url} leads to ${at.protocol}, which is not followed`)
  }
  throw new PolicyError('E_FETCH', `${url} leads on more than ${HOST_LIMITS.redirects} times`)
}

async function answerOf(url: URL, signal: AbortSignal): Promise<IncomingMessage> {
  const request = requester(url.protocol)
  return await new Promise((resolve, reject) => {
    const asked = request(
      url,
      { signal, agent: false, headers: { 'user-agent': 'chorus', 'accept-encoding': 'identity' } },
      resolve,
    )
    asked.on('error', reject)
    asked.end()
  })
}
