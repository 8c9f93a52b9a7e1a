/**
 * A bundle of 100 MB from one peer to ten: seconds until the last runs it, and what the seed sent,
 * against BitTorrent (aria2) in the same run.
 *
 *     npm run bench:blob [-- --mb 100 --peers 10 --runs 5]
 */
import { randomBytes } from 'node:crypto'
import { parseArgs } from 'node:util'
import { build } from '../test/support/policy.ts'
import { TestMesh } from '../test/support/mesh.ts'
import { until } from '../test/support/until.ts'
import { measureAria2 } from './comparators/aria2.ts'
import { round, spreadOf } from './lib/figures.ts'
import { metricOf } from './lib/metrics.ts'
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

const chorusSeconds: number[] = []
const aria2Seconds: number[] = []
const seedBundles: number[] = []
const duplicates: number[] = []

const mesh = await TestMesh.of(peers + 1)
try {
  const seed = mesh.node(1)
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
    const start = performance.now()
    const { id } = await mesh.publish(seed, policy, { local: true })
    // Fetched, verified, durable, and written to its place on every host: more than the comparator does.
    await until(mesh.nodes, `everyone runs ${id}`, () => everyoneRuns(id), 300_000)
    chorusSeconds.push((performance.now() - start) / 1000)
    seedBundles.push(((await metricOf(seed, 'chorus_blob_bytes_out_total')) - sentBefore) / bytes)
    duplicates.push(((await sumOver('chorus_blob_duplicates_total')) - twiceBefore) * 0.25)
    const aria2 = await measureAria2(peers, bytes)
    if (aria2 !== null) aria2Seconds.push(aria2.seconds)
  }
} finally {
  await mesh.close()
}

const ratio = aria2Seconds.length === 0 ? null : round(spreadOf(chorusSeconds).p50 / spreadOf(aria2Seconds).p50)
report('blob', {
  settings: { megabytes: Number(values.mb), peers, runs },
  chorus: {
    seconds: spreadOf(chorusSeconds),
    bundlesSentBySeed: spreadOf(seedBundles),
    duplicateMegabytes: spreadOf(duplicates),
  },
  aria2: aria2Seconds.length === 0 ? 'comparator absent' : { seconds: spreadOf(aria2Seconds) },
  ratioToAria2: ratio,
  aims: { bundlesSentBySeed: 1.5, ratioToAria2: 1 },
})

async function everyoneRuns(id: string): Promise<boolean> {
  const all = await Promise.all(mesh.nodes.map((node) => node.status()))
  return all.every(({ policies }) => policies.some(({ policy, inForce }) => policy === 'bench/blob' && inForce === id))
}

async function sumOver(metric: string): Promise<number> {
  const each = await Promise.all(mesh.nodes.map((node) => metricOf(node, metric)))
  return each.reduce((sum, value) => sum + value, 0)
}
