import { connect, createServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'

/**
 * A TCP link that can be cut: what connects to `port` talks to `target` while the link is up. Cutting ends every
 * connection on it and refuses new ones, as a pulled cable with an impatient kernel would.
 */
export class Link {
  readonly port: number
  readonly #server: Server
  readonly #target: number
  readonly #delayMs: number
  readonly #sockets = new Set<Socket>()
  /** Everything that went over it, in either direction; kept from `record()` on. */
  #seen: Buffer[] | undefined
  #up = true

  private constructor(server: Server, port: number, target: number, delayMs: number) {
    this.#server = server
    this.port = port
    this.#target = target
    this.#delayMs = delayMs
    server.on('connection', (socket) => this.#join(socket))
  }

  /** @param delayMs how much later everything arrives, in either direction */
  static async to(target: number, delayMs = 0): Promise<Link> {
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    return new Link(server, port, target, delayMs)
  }

  record(): void {
    this.#seen = []
  }

  get recorded(): Buffer {
    return Buffer.concat(this.#seen ?? [])
  }

  cut(): void {
    this.#up = false
    for (const socket of this.#sockets) socket.destroy()
  }

  heal(): void {
    this.#up = true
  }

  close(): void {
    this.cut()
    this.#server.close()
  }

  #join(near: Socket): void {
    if (!this.#up) {
      near.destroy()
      return
    }
    const far = connect(this.#target, '127.0.0.1')
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      this.#sockets.add(socket)
      socket.on('data', (bytes: Buffer) => this.#seen?.push(bytes))
      socket.on('error', () => other.destroy())
      socket.on('close', () => {
        this.#sockets.delete(socket)
        other.destroy()
      })
    }
    if (this.#delayMs > 0) {
      late(near, far, this.#delayMs)
      late(far, near, this.#delayMs)
      return
    }
    near.pipe(far)
    far.pipe(near)
  }
}

/** Timers of equal length ring in order, so bytes stay in order. */
function late(from: Socket, to: Socket, ms: number): void {
  from.on('data', (bytes: Buffer) => setTimeout(() => to.write(bytes), ms))
  from.on('end', () => setTimeout(() => to.end(), ms))
}

/** Below those that the system gives to outgoing connections (32768 and up): one of another daemon could take the port before it is listened on. */
const PORTS = { from: 18_000, count: 14_000 }

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = PORTS.from + Math.floor(Math.random() * PORTS.count)
    const server = createServer()
    const isFree = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false))
      server.listen(port, '127.0.0.1', () => resolve(true))
    })
    if (!isFree) continue
    await new Promise<void>((resolve) => server.close(() => resolve()))
    return port
  }
}
