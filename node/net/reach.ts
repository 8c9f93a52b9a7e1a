import { createConnection } from 'node:net'

const TCP = /^\/(?:ip4|ip6|dns|dns4|dns6)\/([^/]+)\/tcp\/(\d+)(?:\/p2p\/[^/]+)?$/

/**
 * Does anybody accept a TCP connection at one of these multiaddrs? It is closed at once: this asks whether a daemon is
 * there, not who it is, and costs neither side a handshake.
 * @returns null if there is no address that one could ask at (none, or relays only)
 */
export async function isReachable(addrs: readonly string[], timeoutMs: number): Promise<boolean | null> {
  const places = addrs.flatMap((addr) => {
    const [, host, port] = TCP.exec(addr) ?? []
    return host === undefined ? [] : [{ host, port: Number(port) }]
  })
  if (places.length === 0) return null
  const answers = await Promise.all(places.map(async (place) => await accepts(place, timeoutMs)))
  return answers.includes(true)
}

async function accepts(place: { host: string; port: number }, timeoutMs: number): Promise<boolean> {
  return await new Promise((resolve) => {
    const socket = createConnection({ ...place, timeout: timeoutMs })
    const settle = (answer: boolean) => (): void => {
      socket.destroy()
      resolve(answer)
    }
    socket.once('connect', settle(true))
    socket.once('timeout', settle(false))
    socket.once('error', settle(false))
  })
}
