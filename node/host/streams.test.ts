import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fetchUrl, gunzip } from './streams.ts'

async function whole(source: AsyncIterable<Uint8Array>): Promise<string> {
  const parts: Uint8Array[] = []
  for await (const part of source) parts.push(part)
  return Buffer.concat(parts).toString()
}

async function* pieces(bytes: Uint8Array, size = 7): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

describe('gunzip', () => {
  it('unpacks what comes in pieces', async () => {
    expect(await whole(gunzip(pieces(gzipSync('hello '.repeat(1000)))))).toBe('hello '.repeat(1000))
  })

  it('says when it is cut off or none', async () => {
    await expect(whole(gunzip(pieces(gzipSync('hello').subarray(0, 12))))).rejects.toMatchObject({
      code: 'E_MALFORMED',
    })
    await expect(whole(gunzip(pieces(Buffer.from('plain text'))))).rejects.toMatchObject({ code: 'E_MALFORMED' })
  })

  it('passes an error of its source on, also one at the very end', async () => {
    async function* failing(): AsyncGenerator<Uint8Array> {
      yield* pieces(gzipSync('hello'), 100)
      throw new RangeError('wrong checksum')
    }
    await expect(whole(gunzip(failing()))).rejects.toThrow('wrong checksum')
  })
})

describe('fetch', () => {
  let server: Server
  let base = ''
  beforeAll(async () => {
    server = createServer((request, response) => {
      if (request.url === '/file') response.end('content')
      else if (request.url === '/moved') response.writeHead(302, { location: '/file' }).end()
      else if (request.url === '/loop') response.writeHead(302, { location: '/loop' }).end()
      else if (request.url === '/file-url') response.writeHead(302, { location: 'file:///etc/passwd' }).end()
      else if (request.url !== '/silent') response.writeHead(404).end()
    })
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve)
    })
    base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  })
  afterAll(() => {
    server.closeAllConnections()
    server.close()
  })

  const get = (path: string, timeoutMs = 10_000) => whole(fetchUrl(base + path, { timeoutMs }))

  it('gives the content, also after a redirection', async () => {
    expect(await get('/file')).toBe('content')
    expect(await get('/moved')).toBe('content')
  })

  it('says what is wrong', async () => {
    await expect(get('/none')).rejects.toMatchObject({ code: 'E_FETCH', message: `${base}/none answered with 404` })
    await expect(get('/loop')).rejects.toMatchObject({ code: 'E_FETCH' })
    await expect(get('/file-url')).rejects.toMatchObject({ code: 'E_FETCH' })
    await expect(get('/silent', 50)).rejects.toMatchObject({ code: 'E_TIMEOUT' })
    const cancelled = fetchUrl(`${base}/silent`, { timeoutMs: 10_000, signal: AbortSignal.timeout(20) })
    await expect(whole(cancelled)).rejects.toMatchObject({ code: 'E_CANCELLED' })
  })
})
