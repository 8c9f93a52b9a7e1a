import { once } from 'node:events'
import { rmSync } from 'node:fs'
import type { IncomingMessage, Server } from 'node:http'
import { Readable } from 'node:stream'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Backend } from './backend.ts'
import { http } from '../http.ts'
import { ControlError } from './errors.ts'
import { encodeFrames } from './frames.ts'
import { CONTROL_LIMITS } from './limits.ts'
import { refusalOf } from './refusal.ts'
import type { Route } from './routes.ts'
import { socketPath } from './socket.ts'
import { API_HEADER, API_VERSION } from './version.ts'
import { Watchers } from './watchers.ts'

export interface ControlServer {
  /** Ends event streams, finishes what is being answered, removes the socket. */
  close(): Promise<void>
}

export interface ServeOptions {
  readonly stateDir: string
  readonly backend: Backend
  /** A failure that is the daemon's own. */
  readonly onError: (error: unknown, route: string) => void
}

/**
 * Serves the control API on the state folder's socket (0600). The folder's lock keeps others from doing the same. What
 * answers is loaded with the first request: a daemon that nobody asks pays neither its time nor its memory (6 MB).
 */
export async function serveControl(options: ServeOptions): Promise<ControlServer> {
  const watchers = new Watchers((listener) => options.backend.subscribe(listener))
  let app: Promise<FastifyInstance> | undefined
  const server = http.createServer((request, response) => {
    app ??= createApp(options, watchers)
    app.then(
      (ready) => ready.routing(request, response),
      () => response.destroy(),
    )
  })
  server.maxConnections = CONTROL_LIMITS.connectionsMax
  const socket = socketPath(options.stateDir)
  try {
    await listen(server, socket.path)
  } catch (error) {
    socket.release()
    throw error
  }
  return {
    async close() {
      watchers.close()
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      const timer = setTimeout(() => server.closeAllConnections(), CONTROL_LIMITS.closeMs)
      await closed
      clearTimeout(timer)
      await (await app)?.close()
      rmSync(socket.path, { force: true })
      socket.release()
    },
  }
}

const HEADERS = { [API_HEADER]: String(API_VERSION) }

async function createApp({ backend, onError }: ServeOptions, watchers: Watchers): Promise<FastifyInstance> {
  const [{ default: fastify }, { ROUTES }] = await Promise.all([import('fastify'), import('./routes.ts')])
  const app = fastify({ bodyLimit: CONTROL_LIMITS.requestBytes, logger: false })
  app.addHook('onSend', async (_request, reply, payload) => {
    reply.headers(HEADERS)
    return payload
  })
  app.setErrorHandler(async (error, request, reply) => {
    const refusal = refusalOf(error)
    if (refusal.internal) onError(error, `${request.method} ${request.url}`)
    // What is left of a refused stream will not be read.
    if (request.headers['content-type'] === 'application/octet-stream') reply.header('connection', 'close')
    return await reply.status(refusal.status).send(refusal.body)
  })
  app.setNotFoundHandler(async (request) => {
    throw new ControlError('E_NOT_FOUND', `The control API has no ${request.method} ${request.url}.`)
  })
  app.addContentTypeParser('application/octet-stream', (_request, payload: IncomingMessage, done) =>
    done(null, payload),
  )
  for (const route of ROUTES) addRoute(app, route, backend)
  addStreams(app, backend)
  app.get('/v1/events', async (_request, reply) => {
    watchers.add(reply.raw, HEADERS)
    reply.hijack()
  })
  await app.ready()
  return app
}

/** The socket must never exist with a wider mode than 0600: binding to a path happens inside `listen`, before it returns. */
async function listen(server: Server, path: string): Promise<void> {
  rmSync(path, { force: true })
  const listening = once(server, 'listening')
  const umask = process.umask(0o177)
  try {
    server.listen(path)
  } finally {
    process.umask(umask)
  }
  await listening
}

function addRoute(app: FastifyInstance, route: Route, backend: Backend): void {
  let running = 0
  app.route({
    method: route.method,
    url: route.path,
    async handler(request, reply) {
      if (route.takesStream && running >= CONTROL_LIMITS.importsMax) {
        throw new ControlError('E_BUSY', `${running} streams are being taken in already.`)
      }
      running += 1
      try {
        const { params, query, body } = request
        const stream = route.takesStream ? streamOf(request) : Readable.from([])
        return await route.answer(backend, { params, query, body, stream, signal: goneSignal(reply) })
      } finally {
        running -= 1
      }
    },
  })
}

function streamOf(request: FastifyRequest): AsyncIterable<Uint8Array> {
  if (request.headers['content-type'] !== 'application/octet-stream') {
    throw new ControlError('E_BAD_REQUEST', `${request.url} takes frames as application/octet-stream.`)
  }
  return request.raw
}

function goneSignal(reply: FastifyReply): AbortSignal {
  const gone = new AbortController()
  reply.raw.on('close', () => {
    if (!reply.raw.writableEnded) gone.abort()
  })
  return gone.signal
}

function addStreams(app: FastifyInstance, backend: Backend): void {
  app.get<{ Params: { cid: string } }>('/v1/bundles/:cid', async (request, reply) => {
    const blocks = await backend.bundle(request.params.cid)
    return await reply.type('application/octet-stream').send(Readable.from(encodeFrames(blocks), { objectMode: false }))
  })
  app.get('/v1/records', async (_request, reply) => {
    const frames = encodeFrames(backend.records())
    return await reply.type('application/octet-stream').send(Readable.from(frames, { objectMode: false }))
  })
  app.get('/metrics', async (_request, reply) => {
    const { type, text } = await backend.metrics()
    return await reply.type(type).send(text)
  })
}
