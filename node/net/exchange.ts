import type { MessageStream, StreamMessageEvent } from '@libp2p/interface'
import { NodeError } from '../errors.ts'
import type { NetLimits } from './types.ts'

/**
 * One admission exchange on a connection that noise has secured. A message is a 32-bit length, a kind and its payload.
 * Reading happens in the message event itself, so that not one byte of what follows the exchange is read by mistake:
 * nothing of the next layer comes before this side's own `done`.
 */
const FRAME = 0
/** "I accept you, and have no more to ask." Followed by the muxer once both have said it. */
const DONE = 1
/** Payload: code, a space, the reason. */
const REFUSED = 2
const HEADER = 5

export interface ExchangeHandlers {
  frame(bytes: Uint8Array): void
}

export class Exchange {
  readonly #stream: MessageStream
  readonly #limits: Pick<NetLimits, 'admissionMs' | 'admissionBytes'>
  readonly #onFrame: (bytes: Uint8Array) => void
  readonly #settled = Promise.withResolvers<void>()
  #buffer: Buffer = Buffer.alloc(0)
  #bytesIn = 0
  #bytesOut = 0
  #accepted = false
  #remoteDone = false
  #ended = false
  /** Frames are held back until `start`, when the judge knows of the connection. */
  #started = false
  readonly #timer: NodeJS.Timeout

  constructor(
    stream: MessageStream,
    limits: Pick<NetLimits, 'admissionMs' | 'admissionBytes'>,
    handlers: ExchangeHandlers,
  ) {
    this.#stream = stream
    this.#limits = limits
    this.#onFrame = (bytes) => handlers.frame(bytes)
    this.#timer = setTimeout(() => {
      const ms = limits.admissionMs
      this.#refuse(
        new NodeError(
          'E_ADMISSION_TIMEOUT',
          `Admission took longer than ${ms} ms: the other side stopped answering, or the line is very slow.`,
          { ms },
        ),
      )
    }, limits.admissionMs)
    // Listened to at once, awaited a little later.
    this.#settled.promise.catch(() => undefined)
    stream.addEventListener('message', this.#onMessage)
    stream.addEventListener('close', this.#onClose)
    stream.addEventListener('remoteCloseWrite', this.#onClose)
  }

  /** Resolves when both sides have accepted, with the stream ready for the next layer. @throws NodeError */
  async settled(): Promise<void> {
    this.#started = true
    this.#parse()
    await this.#settled.promise
  }

  send(bytes: Uint8Array): void {
    this.#write(FRAME, bytes)
  }

  /** This side's judgement. */
  result(ok: boolean, code: string | null, reason: string): void {
    if (this.#ended || this.#accepted) return
    if (!ok) {
      this.#refuse(new NodeError('E_REFUSED', reason, { code: code ?? 'E_REFUSED', by: 'self' }))
      return
    }
    this.#accepted = true
    this.#write(DONE, new Uint8Array())
    this.#finishIfBoth()
  }

  readonly #onMessage = (event: StreamMessageEvent): void => {
    this.#bytesIn += event.data.byteLength
    this.#buffer = Buffer.concat([this.#buffer, event.data.subarray()])
    // After the other side's `done` come bytes of the next layer: they are its business, and not counted here.
    if (!this.#remoteDone && this.#bytesIn > this.#limits.admissionBytes) {
      this.#refuse(
        new NodeError(
          'E_PROTOCOL',
          `The other side sent more than ${this.#limits.admissionBytes} bytes before it was admitted.`,
        ),
      )
      return
    }
    this.#parse()
  }

  readonly #onClose = (): void => {
    this.#fail(new NodeError('E_PROTOCOL', 'The other side closed the connection in the middle of admission.'))
  }

  #parse(): void {
    while (this.#started && !this.#ended && !this.#remoteDone && this.#buffer.length >= HEADER) {
      const length = this.#buffer.readUInt32BE(0)
      if (length > this.#limits.admissionBytes) {
        this.#refuse(
          new NodeError('E_PROTOCOL', `The other side announced an admission frame of ${length} bytes.`, { length }),
        )
        return
      }
      if (this.#buffer.length < HEADER + length) return
      const kind = this.#buffer[4]
      const payload = new Uint8Array(this.#buffer.subarray(HEADER, HEADER + length))
      this.#buffer = this.#buffer.subarray(HEADER + length)
      this.#take(kind, payload)
    }
  }

  #take(kind: number | undefined, payload: Uint8Array): void {
    if (kind === FRAME) {
      this.#onFrame(payload)
    } else if (kind === DONE) {
      this.#remoteDone = true
      this.#finishIfBoth()
    } else if (kind === REFUSED) {
      const [code = '', ...words] = new TextDecoder().decode(payload.subarray(0, 1024)).split(' ')
      const known = /^E_[A-Z_]{1,40}$/.test(code) ? code : 'E_REFUSED'
      this.#fail(
        new NodeError('E_REFUSED', words.join(' ') || 'The other side refused without a reason.', {
          code: known,
          by: 'peer',
        }),
      )
    } else {
      this.#refuse(new NodeError('E_PROTOCOL', `The other side sent an admission frame of unknown kind ${kind}.`))
    }
  }

  #write(kind: number, payload: Uint8Array): void {
    if (this.#ended) return
    this.#bytesOut += HEADER + payload.byteLength
    if (kind === FRAME && this.#bytesOut > this.#limits.admissionBytes) {
      this.#refuse(
        new NodeError(
          'E_PROTOCOL',
          `Admission needs more than ${this.#limits.admissionBytes} bytes: the other side must sync with a member that is nearer to it first.`,
        ),
      )
      return
    }
    const header = Buffer.alloc(HEADER)
    header.writeUInt32BE(payload.byteLength, 0)
    header[4] = kind
    try {
      this.#stream.send(Buffer.concat([header, payload]))
    } catch {
      // Closed under our hands: the close event says so.
    }
  }

  #finishIfBoth(): void {
    if (!this.#accepted || !this.#remoteDone || this.#ended) return
    this.#end()
    if (this.#buffer.length > 0) this.#stream.unshift(new Uint8Array(this.#buffer))
    this.#settled.resolve()
  }

  /** Tells the other side why, lets it read that, and fails. */
  #refuse(error: NodeError): void {
    if (this.#ended) return
    const code = error.code === 'E_REFUSED' ? String(error.fields.code) : error.code
    this.#write(REFUSED, new TextEncoder().encode(`${code} ${error.message}`.slice(0, 1000)))
    this.#end()
    this.#stream.addEventListener('message', () => undefined)
    void this.#leave(error)
  }

  /** A reset would overtake the reason: half-close, and wait a moment for the other side to go. */
  async #leave(error: NodeError): Promise<void> {
    const gone = new Promise<void>((resolve) => {
      this.#stream.addEventListener('close', () => resolve(), { once: true })
      setTimeout(resolve, 1000).unref()
    })
    try {
      await this.#stream.close({ signal: AbortSignal.timeout(1000) })
      await gone
    } catch {
      // It is gone already.
    }
    this.#settled.reject(error)
  }

  #fail(error: NodeError): void {
    if (this.#ended) return
    this.#end()
    this.#settled.reject(error)
  }

  #end(): void {
    this.#ended = true
    clearTimeout(this.#timer)
    this.#stream.removeEventListener('message', this.#onMessage)
    this.#stream.removeEventListener('close', this.#onClose)
    this.#stream.removeEventListener('remoteCloseWrite', this.#onClose)
  }
}
