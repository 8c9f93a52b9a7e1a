import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Brood, findCommand, sleep } from '../lib/processes.ts'

const TRACKER_PORT = 26_969
const SWARM_PORT = 26_881

/** Without these a swarm on one machine looks for peers elsewhere, or hangs on its share ratio. */
const QUIET = [
  '-q',
  '--enable-dht=false',
  '--enable-dht6=false',
  '--bt-enable-lpd=false',
  '--file-allocation=none',
  '--disable-ipv6=true',
  '--bt-tracker-interval=1',
  '--bt-max-peers=0',
  '--seed-ratio=0',
]

/**
 * One seeder and `leechers` downloaders of `bytes` random bytes by BitTorrent on loopback.
 * @returns seconds until the last is complete, or null if Debian's `aria2` or `transmission-cli` is not installed
 */
export async function measureAria2(leechers: number, bytes: number): Promise<{ seconds: number } | null> {
  const aria2 = findCommand('aria2c')
  const create = findCommand('transmission-create')
  if (!aria2 || !create) return null
  const dir = mkdtempSync(join(tmpdir(), 'chorus-aria2-'))
  const brood = new Brood()
  const tracker = await startTracker()
  try {
    const seed = join(dir, 'seed')
    mkdirSync(seed)
    writeFileSync(join(seed, 'payload'), randomBytes(bytes))
    const torrent = join(dir, 'payload.torrent')
    const announce = `http://127.0.0.1:${TRACKER_PORT}/announce`
    execFileSync(create, ['-s', '1024', '-t', announce, '-o', torrent, join(seed, 'payload')], { stdio: 'ignore' })
    const seedPort = `--listen-port=${SWARM_PORT}`
    brood.start(aria2, [...QUIET, '-V', '--seed-time=10', seedPort, '-d', seed, torrent])
    await sleep(2000)
    const start = performance.now()
    const done: Promise<unknown>[] = []
    for (let i = 1; i <= leechers; i++) {
      const home = join(dir, `leech-${i}`)
      mkdirSync(home)
      copyFileSync(torrent, join(home, 'payload.torrent'))
      // It calls the hook when the last piece is verified, and then seeds on for the others.
      const hook = join(home, 'done.sh')
      writeFileSync(hook, `#!/bin/sh\n: > ${join(home, 'complete')}\n`, { mode: 0o755 })
      const own = [`--listen-port=${SWARM_PORT + i}`, `--on-bt-download-complete=${hook}`, '-d', home]
      brood.start(aria2, [...QUIET, '--seed-time=5', ...own, join(home, 'payload.torrent')])
      done.push(complete(home, bytes))
    }
    await Promise.all(done)
    return { seconds: (performance.now() - start) / 1000 }
  } finally {
    await brood.end()
    tracker.close()
    rmSync(dir, { recursive: true, force: true })
  }
}

async function complete(home: string, bytes: number): Promise<void> {
  for (let tries = 0; tries < 6000; tries++) {
    if (existsSync(join(home, 'complete')) && statSync(join(home, 'payload')).size === bytes) return
    await sleep(20)
  }
  throw new Error(`aria2 in ${home} was not complete within two minutes`)
}

/** A tracker in a few lines: remembers every port that announced and tells it to the others. */
async function startTracker(): Promise<Server> {
  const ports = new Set<number>()
  const server = createServer((request, response) => {
    const port = Number(new URL(request.url ?? '/', 'http://tracker').searchParams.get('port'))
    if (port > 0) ports.add(port)
    const peers = Buffer.concat([...ports].map((p) => Buffer.from([127, 0, 0, 1, p >> 8, p & 255])))
    response.end(Buffer.concat([Buffer.from(`d8:intervali1e5:peers${peers.length}:`), peers, Buffer.from('e')]))
  })
  await new Promise<void>((resolve) => server.listen(TRACKER_PORT, '127.0.0.1', resolve))
  return server
}
