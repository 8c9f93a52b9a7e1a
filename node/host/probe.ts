import type { IncomingMessage } from 'node:http'
import { connect } from 'node:net'
import { messageOf } from '../errors.ts'
import { requester } from './web.ts'

/** Asks a service whether it is there. Nothing of its answer is kept. */

/** @returns why it is not well, or null. @param status the only one that is right; null for 200 to 399 */
export async function probeHttp(
  url: string,
  status: number | null,
  timeoutMs: number,
  signal?: AbortSignal,
): Promise<string | null> {
  const { protocol, hostname } = new URL(url)
  const request = requester(protocol)
  // A service on this machine has a certificate for its public name, if any: nobody is in between.
  const options = { signal: within(timeoutMs, signal), agent: false, rejectUnauthorized: !isLoopback(hostname) }
  return await new Promise((resolve) => {
    const asked = request(
      url,
      { ...options, headers: { 'user-agent': 'chorus-health' } },
      (answer: IncomingMessage) => {
        const code = answer.statusCode ?? 0
        answer.destroy()
        const well = status === null ? code >= 200 && code < 400 : code === status
        resolve(well ? null : `${url} answered with ${code}${status === null ? '' : ` instead of ${status}`}`)
      },
    )
    asked.on('error', (error) => resolve(`${url} does not answer: ${messageOf(error)}`))
    asked.end()
  })
}

/** @returns why it does not take connections, or null */
export async function probeTcp(
  { host, port }: { readonly host: string; readonly port: number },
  timeoutMs: number,
  signal?: AbortSignal,
): Promise<string | null> {
  return await new Promise((resolve) => {
    const socket = connect({ host, port })
    const over = within(timeoutMs, signal)
    const end = (problem: string | null): void => {
      over.removeEventListener('abort', late)
      socket.destroy()
      resolve(problem)
    }
    const late = (): void => end(`${host}:${port} does not answer in time`)
    over.addEventListener('abort', late, { once: true })
    socket.once('connect', () => end(null))
    socket.once('error', (error) => end(`${host}:${port} takes no connection: ${messageOf(error)}`))
  })
}

function within(timeoutMs: number, signal: AbortSignal | undefined): AbortSignal {
  // Only whole milliseconds are taken.
  const timeout = AbortSignal.timeout(Math.max(1, Math.ceil(timeoutMs)))
  return signal === undefined ? timeout : AbortSignal.any([timeout, signal])
}

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(hostname)
}
