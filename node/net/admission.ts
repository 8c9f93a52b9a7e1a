import type { ConnectionEncrypter, MessageStream, SecureConnectionOptions, SecuredConnection } from '@libp2p/interface'
import { noise } from '@libp2p/noise'
import type { NoiseComponents } from '@libp2p/noise'
import type { Key } from '../core/index.ts'
import { messageOf, NodeError } from '../errors.ts'
import type { Counters } from './counters.ts'
import { Exchange } from './exchange.ts'
import { keyOf } from './peer-keys.ts'
import type { AdmitRole, NetLimits, NetworkHandlers } from './types.ts'

/** RECORDS.md section 4. Chosen in place of `/noise`: a stranger's libp2p finds no common protocol. */
export const ADMISSION_PROTOCOL = '/chorus-noise/1'

type Judge = Pick<NetworkHandlers, 'admitStart' | 'admitFrame' | 'admitEnd' | 'event'>

/**
 * Noise with an exchange behind it, as one encrypter: libp2p knows nothing of a connection (no muxer, no identify, no
 * event) before both sides have admitted each other.
 */
export class Admissions {
  readonly #judge: Judge
  readonly #limits: NetLimits
  readonly #counters: Counters
  readonly #open = new Map<string, Exchange>()
  #next = 1

  constructor(judge: Judge, limits: NetLimits, counters: Counters) {
    this.#judge = judge
    this.#limits = limits
    this.#counters = counters
  }

  send(conn: string, bytes: Uint8Array): void {
    this.#open.get(conn)?.send(bytes)
  }

  result(conn: string, ok: boolean, code: string | null, reason: string): void {
    this.#open.get(conn)?.result(ok, code, reason)
  }

  /** For libp2p's `connectionEncrypters`. */
  encrypter(): (components: NoiseComponents) => ConnectionEncrypter {
    return (components) => {
      const inner = noise()(components)
      const secure = async (
        raw: MessageStream,
        role: AdmitRole,
        options: SecureConnectionOptions | undefined,
      ): Promise<SecuredConnection> => {
        if (role === 'listener' && this.#open.size >= this.#limits.admissionsMax) {
          throw told(
            new NodeError('E_REFUSED', 'Too many connections wait to be admitted.', { code: 'E_RATE', by: 'self' }),
          )
        }
        // The muxer must not be agreed on inside noise: its bytes would come before admission.
        const inside = { ...options, skipStreamMuxerNegotiation: true }
        const secured = await (role === 'dialler'
          ? inner.secureOutbound(raw, inside)
          : inner.secureInbound(raw, inside))
        this.#counters.watch(raw)
        await this.#admit(secured.connection, keyOf(secured.remotePeer), role)
        return secured
      }
      return {
        protocol: ADMISSION_PROTOCOL,
        secureOutbound: async (raw, options) => await secure(raw, 'dialler', options),
        secureInbound: async (raw, options) => await secure(raw, 'listener', options),
      }
    }
  }

  async #admit(stream: MessageStream, peer: Key, role: AdmitRole): Promise<void> {
    const conn = `a${this.#next++}`
    const exchange = new Exchange(stream, this.#limits, { frame: (bytes) => this.#judge.admitFrame(conn, bytes) })
    this.#open.set(conn, exchange)
    try {
      this.#judge.admitStart(conn, peer, role)
      await exchange.settled()
    } catch (error) {
      // A dial's error is told by whoever dialled; this one would be seen by nobody. Strangers cannot fill a log with it.
      if (role === 'listener' && error instanceof NodeError) {
        const { code, message, fields } = error
        this.#judge.event({ kind: 'refused', level: 'debug', message, fields: { peer, code, ...fields } })
      }
      throw told(error)
    } finally {
      this.#open.delete(conn)
      this.#judge.admitEnd(conn)
    }
  }
}

/**
 * libp2p's upgrader replaces every error of an encrypter by one of its own and keeps the message only: so the message
 * carries the code.
 */
const MARK = 'chorus-admission'

function told(error: unknown): Error {
  if (!(error instanceof NodeError)) return error instanceof Error ? error : new Error(String(error))
  return new Error([MARK, error.code, JSON.stringify(error.fields), error.message].join('|'))
}

/** The coded error inside whatever a dial failed with. */
export function admissionError(error: unknown): NodeError | undefined {
  if (error instanceof AggregateError) {
    const found = error.errors.map((each: unknown) => admissionError(each))
    return found.find((each) => each !== undefined)
  }
  const text = messageOf(error)
  const at = text.indexOf(`${MARK}|`)
  if (at < 0) return undefined
  const [, code = '', fields = '{}', ...message] = text.slice(at).split('|')
  const known = (['E_REFUSED', 'E_ADMISSION_TIMEOUT', 'E_PROTOCOL'] as const).find((each) => each === code)
  return new NodeError(known ?? 'E_PROTOCOL', message.join('|'), parseFields(fields), error)
}

function parseFields(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? { ...value } : {}
  } catch {
    return {}
  }
}
