import { isIP } from 'node:net'
import { CliError } from '../errors.ts'

/** `0.0.0.0:4700`, `[::1]:4700`, `host.example:4700` or a multiaddr, as a multiaddr. @throws CliError E_USAGE */
export function listenAddress(text: string, what: string): string {
  if (text.startsWith('/')) return text
  const match = /^\[?([^\]]+?)\]?:(\d{1,5})$/.exec(text)
  const [, host = '', port = ''] = match ?? []
  const kind = isIP(host)
  if (match === null || Number(port) > 65_535 || (kind === 0 && !/^[a-z0-9.-]+$/i.test(host))) {
    throw new CliError(
      'E_USAGE',
      `${what} wants HOST:PORT or a multiaddr such as /ip4/10.0.0.1/tcp/7731, not "${text}"`,
    )
  }
  return `/${kind === 6 ? 'ip6' : kind === 4 ? 'ip4' : 'dns'}/${host}/tcp/${port}`
}
