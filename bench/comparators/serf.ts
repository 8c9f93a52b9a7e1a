import { execFileSync } from 'node:child_process'
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Brood, findCommand, sleep, usageOf } from '../lib/processes.ts'

export interface SerfFigures {
  readonly agents: number
  /** Milliseconds from the command to the last agent, one for each event. */
  readonly lastMs: number[]
  readonly firstMs: number[]
  readonly misses: number
  readonly rssMb: number
}

/**
 * Serf agents on loopback and user events of `payloadBytes`, timed by a handler on every agent. The settings are serf's
 * own for a LAN, with its limit on the size of an event raised to fit.
 * @returns null if Debian's `serf` is not installed
 */
export async function measureSerf(agents: number, events: number, payloadBytes: number): Promise<SerfFigures | null> {
  const serf = findCommand('serf')
  if (!serf) return null
  const dir = mkdtempSync(join(tmpdir(), 'chorus-serf-'))
  const brood = new Brood()
  try {
    const handler = join(dir, 'handler.sh')
    writeFileSync(
      handler,
      '#!/bin/sh\nt=$(date +%s%N)\nread -r line\nprintf "%s %.12s\\n" "$t" "$line" >> "$SERF_LOG_FILE"\n',
    )
    chmodSync(handler, 0o755)
    writeFileSync(join(dir, 'limit.json'), JSON.stringify({ user_event_size_limit: 4096 }))
    const pids: number[] = []
    for (let i = 0; i < agents; i++) {
      const log = join(dir, `agent-${i}.log`)
      writeFileSync(log, '')
      const args = ['agent', `-node=n${i}`, `-bind=127.0.0.1:${BIND_PORT + i}`, `-rpc-addr=127.0.0.1:${RPC_PORT + i}`]
      if (i > 0) args.push(`-join=127.0.0.1:${BIND_PORT}`)
      args.push(`-event-handler=user=${handler}`, `-config-file=${join(dir, 'limit.json')}`, '-log-level=err')
      const child = brood.start(serf, args, { env: { ...process.env, SERF_LOG_FILE: log } })
      if (child.pid) pids.push(child.pid)
      await sleep(250)
    }
    await sleep(8000)
    const lastMs: number[] = []
    const firstMs: number[] = []
    let misses = 0
    for (let event = 0; event < events; event++) {
      const mark = `event-${String(event).padStart(6, '0')}`
      const payload = mark + 'x'.repeat(payloadBytes - mark.length)
      const rpc = `-rpc-addr=127.0.0.1:${RPC_PORT + (event % agents)}`
      const start = BigInt(Date.now()) * 1_000_000n
      execFileSync(serf, ['event', rpc, '-coalesce=false', 'bench', payload], { stdio: 'ignore' })
      await sleep(2500)
      const times = Array.from({ length: agents }, (_, i) => readFileSync(join(dir, `agent-${i}.log`), 'utf8'))
        .map((text) => text.split('\n').find((line) => line.endsWith(mark)))
        .filter((line) => line !== undefined)
        .map((line) => Number(BigInt(line.split(' ')[0] ?? '0') - start) / 1e6)
      misses += agents - times.length
      lastMs.push(Math.max(...times))
      firstMs.push(Math.min(...times))
    }
    const rss = pids.map((pid) => usageOf(pid).rssMb)
    return { agents, lastMs, firstMs, misses, rssMb: rss.reduce((sum, mb) => sum + mb, 0) / rss.length }
  } finally {
    await brood.end()
    rmSync(dir, { recursive: true, force: true })
  }
}

const BIND_PORT = 27_100
const RPC_PORT = 27_300
