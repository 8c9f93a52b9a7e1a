import { execFileSync, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { TestMesh } from '../test/support/mesh.ts'
import { round, spreadOf } from './lib/figures.ts'
import { sleep, usageOf } from './lib/processes.ts'
import { report } from './lib/results.ts'

/**
 * Resident memory and CPU of idle daemons with 10 neighbours each, and what `chorus status` takes beyond an empty Node.
 * Usage: node bench/idle.ts [seconds]
 */
const NODES = 11
const SECONDS = Number(process.argv[2] ?? 120)
const STARTS = 15
const SETTLE_MS = 120_000
/** What is measured is the daemon as it is delivered, with its hash table and gossip. */
const mesh = await TestMesh.of(NODES, { dht: true })
try {
  const { id } = await mesh.publishFile(mesh.node(1), 'base/motd', 'idle')
  await mesh.converged(mesh.nodes, 'base/motd', id, 'idle', 120_000)
  // As they are after a reboot: nobody asks them anything before the end. The first minutes of a start are not idling.
  for (const node of mesh.nodes) {
    await node.stop()
    // As the unit and the launcher of `npm run dist` do.
    await node.start([], { MALLOC_ARENA_MAX: '2' })
  }
  await sleep(SETTLE_MS)
  const before = mesh.nodes.map((node) => usageOf(node.pid))
  await sleep(SECONDS * 1000)
  const after = mesh.nodes.map((node) => usageOf(node.pid))
  const neighbours = await Promise.all(mesh.nodes.map(async (node) => (await node.status()).peers.length))
  const asked = mesh.nodes.map((node) => usageOf(node.pid).rssMb)
  const cpu = after.map((usage, i) => ((usage.cpuSeconds - (before[i]?.cpuSeconds ?? 0)) / SECONDS) * 100)
  const main = join(import.meta.dirname, '../dist/bin/chorus.js')
  const status = times(STARTS, [main, 'status', '--state', mesh.node(1).dir])
  const empty = times(STARTS, ['-e', '0'])
  report('idle', {
    nodes: NODES,
    seconds: SECONDS,
    neighbours: spreadOf(neighbours),
    rssMb: spreadOf(after.map((usage) => usage.rssMb)),
    ownMb: spreadOf(mesh.nodes.map((node) => ownMb(node.pid))),
    rssOnceAskedMb: spreadOf(asked),
    peakMb: spreadOf(after.map((usage) => usage.peakMb)),
    cpuPercentOfACore: spreadOf(cpu),
    statusMs: spreadOf(status),
    emptyNodeMs: spreadOf(empty),
    statusBeyondNodeMs: round(spreadOf(status).p50 - spreadOf(empty).p50),
    aims: { rssMb: 90, cpuPercentOfACore: 0.5, statusBeyondNodeMs: 150 },
  })
} finally {
  await mesh.close()
}

/** Milliseconds of each of `n` runs of Node with these arguments. */
function times(n: number, args: readonly string[]): number[] {
  execFileSync(process.execPath, args, { stdio: 'ignore' })
  return Array.from({ length: n }, () => {
    const start = performance.now()
    spawnSync(process.execPath, args, { stdio: 'ignore' })
    return performance.now() - start
  })
}

/** Memory that no other process shares: not Node's executable, which every Node of the host maps. */
function ownMb(pid: number): number {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8')
  return round([...text.matchAll(/^Private_\w+: +(\d+) kB$/gm)].reduce((sum, [, kb]) => sum + Number(kb), 0) / 1024)
}
