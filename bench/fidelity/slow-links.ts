import { connect, createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'

/**
 * Lets everything wait: what connects to a port that this process opened talks to its target, later by so many milliseconds in either
 * direction. A process of its own, so that whoever drives and watches daemons delays nothing else.
 */
export interface Wish {
  /** A port on this machine. */
  readonly target: number
  readonly delayMs: number
}

/** The port at which others find the target. */
export interface Opened {
  readonly target: number
  readonly port: number
}

function join(near: Socket, { target, delayMs }: Wish): void {
  const far = connect(target, '127.0.0.1')
  for (const [from, to] of [
    [near, far],
    [far, near],
  ] as const) {
    // Else a small frame waits for the acknowledgement of the one before, which comes 40 ms later.
    from.setNoDelay(true)
    from.on('data', (bytes: Buffer) => {
      // Timers of equal length ring in order, so bytes stay in order.
      setTimeout(() => to.write(bytes), delayMs)
    })
    from.on('end', () => setTimeout(() => to.end(), delayMs))
    from.on('error', () => to.destroy())
    from.on('close', () => to.destroy())
  }
}

process.on('message', (wish: Wish) => {
  const server = createServer((socket) => join(socket, wish))
  server.listen(0, '127.0.0.1', () => {
    const { port } = server.address() as AddressInfo // It listens on TCP.
    process.send?.({ target: wish.target, port } satisfies Opened)
  })
})
process.on('disconnect', () => process.exit())
