/**
 * A bundle of 100 MB from one peer to ten: seconds until the last holds it verified, and what the seed sent, against
 * BitTorrent (aria2) in the same run. Beside it, until the last has written it to its place on its host too.
 *
 *     npm run bench:blob [-- --mb 100 --peers 10 --runs 5]
 */
import { randomBytes } from 'node:crypto'
import { parseArgs } from 'node:util'
import { build } from '../test/support/policy.ts'
import { rootFirst, TestMesh } from '../test/support/mesh.ts'
import type { TestNode } from '../test/support/node.ts'
import { until } from '../test/support/until.ts'
import { measureAria2 } from './comparators/aria2.ts'
import { round, spreadOf } from './lib/figures.ts'
import { metricOf } from './lib/metrics.ts'
import { usageOf } from './lib/processes.ts'
import { report } from './lib/results.ts'

const { values } = parseArgs({
  options: {
    mb: { type: 'string', default: '100' },
    peers: { type: 'string', default: '10' },
    runs: { type: 'string', default: '5' },
  },
})
const bytes = Number(values.mb) * 2 ** 20
const peers = Number(values.peers)
const runs = Number(values.runs)
const TIMEOUT_MS = 300_000

const verifiedSeconds: number[] = []
const appliedSeconds: number[] = []
const cpuSeconds: number[] = []
const aria2Seconds: number[] = []
const seedBundles: number[] = []
const duplicates: number[] = []

const mesh = await TestMesh.of(peers + 1)
const stop = new AbortController()
try {
  const seed = mesh.node(1)
  const verified = new Map<string, Set<string>>()
  for (const node of mesh.nodes) void watch(node, verified)
  for (let run = 0; run < runs; run++) {
    const policy = build(
      [
        `policy: bench/blob`,
        `select: "true"`,
        'resources:',
        '  file/it:',
        `    path: "${mesh.out}/\${node.name}/payload"`,
        '    source: payload',
      ].join('\n'),
      { payload: randomBytes(bytes) },
    )
    const sentBefore = await metricOf(seed, 'chorus_blob_bytes_out_total')
    const twiceBefore = await sumOver('chorus_blob_duplicates_total')
    const { cid } = policy.bundle.root
    // As aria2's seed, which has its file and its torrent, the publisher begins with the bundle in its store.
    await seed.client.putBlocks(rootFirst(policy))
    const cpuBefore = cpuOfAll()
    const start = performance.now()
    const { id } = await mesh.publish(seed, policy, { local: true })
    await until(
      mesh.nodes,
      `everyone holds ${cid}`,
      () => Promise.resolve(verified.get(cid)?.size === peers),
      TIMEOUT_MS,
    )
    verifiedSeconds.push((performance.now() - start) / 1000)
    await until(mesh.nodes, `everyone runs ${id}`, () => everyoneRuns(id), TIMEOUT_MS)
    appliedSeconds.push((performance.now() - start) / 1000)
    cpuSeconds.push(cpuOfAll() - cpuBefore)
    seedBundles.push(((await metricOf(seed, 'chorus_blob_bytes_out_total')) - sentBefore) / bytes)
    duplicates.push(((await sumOver('chorus_blob_duplicates_total')) - twiceBefore) * 0.25)
    const aria2 = await measureAria2(peers, bytes)
    if (aria2 !== null) aria2Seconds.push(aria2.seconds)
  }
} finally {
  stop.abort()
  await mesh.close()
}

const ratio = aria2Seconds.length === 0 ? null : round(spreadOf(verifiedSeconds).p50 / spreadOf(aria2Seconds).p50)
report('blob', {
  settings: { megabytes: Number(values.mb), peers, runs },
  chorus: {
    verifiedSeconds: spreadOf(verifiedSeconds),
    appliedSeconds: spreadOf(appliedSeconds),
    cpuSecondsOfAll: spreadOf(cpuSeconds),
    bundlesSentBySeed: spreadOf(seedBundles),
    duplicateMegabytes: spreadOf(duplicates),
  },
  aria2: aria2Seconds.length === 0 ? 'comparator absent' : { seconds: spreadOf(aria2Seconds) },
  ratioToAria2: ratio,
  aims: { bundlesSentBySeed: 1.5, ratioToAria2: 1 },
})

/** Notes which bundles a node, other than the publisher, holds whole. */
async function watch(node: TestNode, verified: Map<string, Set<string>>): Promise<void> {
  if (node === mesh.node(1)) return
  try {
    for await (const { kind, fields } of node.client.events(stop.signal)) {
      const { cid } = fields
      if (kind !== 'bundleStored' || typeof cid !== 'string') continue
      verified.set(cid, (verified.get(cid) ?? new Set()).add(node.name))
    }
  } catch {
    // The bench is over.
  }
}

async function everyoneRuns(id: string): Promise<boolean> {
  const all = await Promise.all(mesh.nodes.map((node) => node.status()))
  return all.every(({ policies }) => policies.some(({ policy, inForce }) => policy === 'bench/blob' && inForce === id))
}

function cpuOfAll(): number {
  return mesh.nodes.reduce((sum, node) => sum + usageOf(node.pid).cpuSeconds, 0)
}

async function sumOver(metric: string): Promise<number> {
  const each = await Promise.all(mesh.nodes.map((node) => metricOf(node, metric)))
  return each.reduce((sum, value) => sum + value, 0)
}
