import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Backend } from './backend.ts'
import { ControlClient } from './client.ts'
import type { Block } from './client.ts'
import { ControlError } from './errors.ts'
import { CONTROL_LIMITS } from './limits.ts'
import type { ControlEvent } from './schema.ts'
import { serveControl } from './server.ts'
import type { ControlServer } from './server.ts'

const CID_A = 'bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku'

let dir: string
let server: ControlServer | undefined

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'chorus-control-'))
})
afterEach(async () => {
  await server?.close()
  server = undefined
  rmSync(dir, { recursive: true, force: true })
})

/** A backend in which only what a test names works. */
async function serve(parts: Partial<Backend>, stateDir = dir): Promise<ControlClient> {
  const backend = new Proxy(parts, {
    get: (target, name) =>
      Reflect.get(target, name) ??
      (() => {
        throw new Error(`the test gave no ${String(name)}`)
      }),
  })
  // A test's stand-in: the proxy answers for what it was not given.
  server = await serveControl({ stateDir, backend: backend as Backend, onError: () => undefined })
  return new ControlClient({ stateDir })
}

const codeOf = async (work: Promise<unknown>): Promise<string> =>
  await work.then(
    () => 'done',
    (error: unknown) => (error instanceof ControlError ? error.code : String(error)),
  )

describe('the control socket', () => {
  it('belongs to its user alone', async () => {
    await serve({})
    expect(statSync(join(dir, 'control.sock')).mode & 0o777).toBe(0o600)
  })

  it('serves a state folder whose path is too long for a socket', async () => {
    const long = join(dir, 'x'.repeat(120))
    const { mkdirSync } = await import('node:fs')
    mkdirSync(long)
    const client = await serve({ hold: async () => ({ ok: true, note: 'held' }) }, long)
    expect(await client.hold('why', null)).toEqual({ ok: true, note: 'held' })
  })

  it('says E_NO_DAEMON when the socket is absent and when nobody listens on it', async () => {
    expect(await codeOf(new ControlClient({ stateDir: dir }).status())).toBe('E_NO_DAEMON')
    expect(await codeOf(new ControlClient({ stateDir: join(dir, 'absent') }).status())).toBe('E_NO_DAEMON')
    writeFileSync(join(dir, 'control.sock'), '')
    expect(await codeOf(new ControlClient({ stateDir: dir }).status())).toBe('E_NO_DAEMON')
  })
})

describe('what a client is told when things go wrong', () => {
  it('passes on the code and the sentence of a refusal', async () => {
    const client = await serve({
      submit: async () => {
        throw Object.assign(new Error('Grant ci does not cover web/site.'), { code: 'E_SCOPE' })
      },
    })
    await expect(client.submit(new Uint8Array([1]))).rejects.toMatchObject({
      code: 'E_SCOPE',
      message: 'Grant ci does not cover web/site.',
    })
  })

  it('names the place in a request that does not fit', async () => {
    const client = await serve({})
    await expect(client.hold('', null)).rejects.toMatchObject({
      code: 'E_BAD_REQUEST',
      message: expect.stringContaining('reason'),
    })
  })

  it('never lets an answer out that breaks the schema', async () => {
    // The cast is the point: the daemon answers with something that its schema does not know.
    const client = await serve({ feed: () => ({ nonsense: true }) as unknown as ReturnType<Backend['feed']> })
    expect(await codeOf(client.feed('a'.repeat(64)))).toBe('E_INTERNAL')
  })

  it('refuses a request over its limit', async () => {
    const client = await serve({})
    expect(await codeOf(client.submit(new Uint8Array(CONTROL_LIMITS.requestBytes)))).toBe('E_TOO_LARGE')
  })

  it.each([
    ['HTTP/1.1 200 OK\r\nchorus-api: 1\r\ncontent-length: 100\r\n\r\n{"half":', 'E_ANSWER'],
    ['HTTP/1.1 200 OK\r\nchorus-api: 1\r\ncontent-length: 3\r\n\r\n<p>', 'E_ANSWER'],
    ['HTTP/1.1 200 OK\r\nchorus-api: 2\r\ncontent-length: 2\r\n\r\n{}', 'E_API_VERSION'],
    ['HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}', 'E_API_VERSION'],
    ['HTTP/1.1 500 Oops\r\nchorus-api: 1\r\ncontent-length: 2\r\n\r\n{}', 'E_ANSWER'],
    ['SSH-2.0-OpenSSH\r\n', 'E_ANSWER'],
    ['', 'E_ANSWER'],
  ])('answers %j with %s', async (answer, code) => {
    const other = createServer((socket) => {
      socket.on('error', () => undefined)
      socket.once('data', () => socket.end(answer))
    })
    await new Promise<void>((resolve) => other.listen(join(dir, 'control.sock'), resolve))
    try {
      expect(await codeOf(new ControlClient({ stateDir: dir }).status())).toBe(code)
    } finally {
      other.close()
    }
  })
})

describe('streams', () => {
  it('carries blocks both ways, unchanged', async () => {
    const taken: Uint8Array[] = []
    const client = await serve({
      async putBlocks(blocks) {
        for await (const { bytes } of blocks) taken.push(Uint8Array.from(bytes))
        return { stored: taken.length, bytes: taken.reduce((sum, part) => sum + part.length, 0) }
      },
      async bundle() {
        const { CID } = await import('multiformats/cid')
        return (async function* () {
          for (const bytes of taken) yield { id: CID.parse(CID_A).bytes, bytes }
        })()
      },
    })
    const blocks = [new Uint8Array(300_000).fill(7), new Uint8Array(), new Uint8Array([1, 2, 3])]
    expect(await client.putBlocks(blocks.map((bytes) => ({ cid: CID_A, bytes })))).toEqual({
      stored: 3,
      bytes: 300_003,
    })
    const back: Block[] = []
    for await (const block of client.bundle(CID_A)) back.push(block)
    expect(back.map(({ cid }) => cid)).toEqual([CID_A, CID_A, CID_A])
    expect(back.map(({ bytes }) => Uint8Array.from(bytes))).toEqual(blocks)
  })

  it('refuses a block over its limit, and says so although the stream goes on', async () => {
    const client = await serve({
      async putBlocks(blocks) {
        for await (const block of blocks) expect(block.bytes.length).toBeLessThan(CONTROL_LIMITS.blockBytes)
        return { stored: 0, bytes: 0 }
      },
    })
    const large = new Uint8Array(CONTROL_LIMITS.blockBytes + 1)
    const endless = (function* () {
      for (let i = 0; i < 64; i++) yield { cid: CID_A, bytes: large }
    })()
    expect(['E_TOO_LARGE', 'E_ANSWER']).toContain(await codeOf(client.putBlocks(endless)))
  })

  it('streams events in order, and tells a slow reader how many it missed', async () => {
    let send: (event: ControlEvent) => void = () => undefined
    const client = await serve({
      subscribe(listener) {
        send = listener
        return () => undefined
      },
    })
    const event = (at: number, message: string): ControlEvent => ({
      at,
      kind: 'test',
      level: 'info',
      message,
      fields: {},
    })
    const events = client.events()
    const first = events.next()
    await expect.poll(() => send.length).toBe(1)
    send(event(1, 'one'))
    expect((await first).value).toMatchObject({ at: 1, message: 'one' })
    // Far more than the queue, the socket's buffers and the reader's together hold.
    for (let at = 2; at < 200; at++) send(event(at, 'x'.repeat(64 * 1024)))
    const seen: ControlEvent[] = []
    let ticker: NodeJS.Timeout | undefined
    try {
      ticker = setInterval(() => send(event(1000, 'last')), 10)
      for await (const next of events) {
        seen.push(next)
        if (next.at === 1000) break
      }
    } finally {
      clearInterval(ticker)
    }
    const lagged = seen.find(({ kind }) => kind === 'lagged')
    expect(Number(lagged?.fields['missed'])).toBeGreaterThan(50)
    expect(seen.length).toBeLessThan(150)
  })
})
