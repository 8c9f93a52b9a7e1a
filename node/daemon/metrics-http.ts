import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { http } from '../http.ts'
import { NodeError } from '../errors.ts'

const LOOPBACK = /^(127\.\d{1,3}\.\d{1,3}\.\d{1,3}|\[::1\]|localhost):(\d{1,5})$/

/**
 * Serves metrics over TCP for a Prometheus on the same machine. Loopback only: metrics name policies and there is no
 * authentication.
 * @throws NodeError E_CONFIG for an address that is not on loopback; E_ADDRESS if it cannot be listened on
 */
export async function serveMetrics(
  address: string,
  render: () => Promise<{ type: string; text: string }>,
): Promise<{ readonly address: string; close(): void }> {
  const match = LOOPBACK.exec(address)
  const port = Number(match?.[2])
  if (!match?.[1] || port > 65_535) {
    throw new NodeError('E_CONFIG', `Metrics are served on loopback only: write 127.0.0.1:9470, not "${address}".`, {
      address,
    })
  }
  const host = match[1].replaceAll(/[[\]]/g, '')
  const server = http.createServer((request, response) => {
    if (request.method !== 'GET' || request.url !== '/metrics') {
      response.writeHead(404).end()
      return
    }
    render().then(
      ({ type, text }) => response.writeHead(200, { 'content-type': type }).end(text),
      () => response.writeHead(500).end(),
    )
  })
  server.listen(port, host)
  try {
    await once(server, 'listening')
  } catch (error) {
    throw new NodeError('E_ADDRESS', `Metrics cannot be served on ${address}: choose another port.`, { address }, error)
  }
  const bound = server.address() as AddressInfo
  return {
    address: `${match[1]}:${bound.port}`,
    close() {
      server.close()
      server.closeAllConnections()
    },
  }
}
