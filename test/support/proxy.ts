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
  readonly #sockets = new Set<Socket>()
  /** Everything that went over it, in either direction; kept from `record()` on. */
  #seen: Buffer[] | undefined
  #up = true

  private constructor(server: Server, port: number, target: number) {
    this.#server = server
    this.port = port
    this.#target = target
    server.on('connection', (socket) => this.#join(socket))
  }

  static async to(target: number): Promise<Link> {
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    return new Link(server, port, target)
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
    near.pipe(far)
    far.pipe(near)
  }
}

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise<void>((resolve) => server.close(() => resolve()))
  return port
}
