import type { BlobStats } from '../blobs/types.ts'
import type { Status } from '../control/index.ts'
import type { Traffic } from '../net/types.ts'

/** What is measured at the moment of a scrape. */
export interface Sample {
  readonly status: Status
  readonly traffic: Traffic
  readonly blobs: BlobStats
  /** Events since the start, by kind. */
  readonly events: ReadonlyMap<string, number>
  readonly storeBytes: number
  readonly blockBytes: number
}

type Labelled = readonly [labels: Readonly<Record<string, string>>, value: number]

interface Metric {
  readonly name: string
  readonly type: 'gauge' | 'counter'
  readonly help: string
  readonly label?: string
  readonly read: (sample: Sample) => number | readonly Labelled[]
}

const gauge = (name: string, help: string, read: (sample: Sample) => number): Metric => ({
  name,
  type: 'gauge',
  help,
  read,
})
const counter = (name: string, help: string, read: (sample: Sample) => number): Metric => ({
  name,
  type: 'counter',
  help,
  read,
})

const byState = (status: Status): Labelled[] =>
  [...Map.groupBy(status.policies, (policy) => policy.state)].map(([state, all]) => [{ state }, all.length])

/** Every metric, one line each. */
const METRICS: readonly Metric[] = [
  gauge('chorus_peers', 'Connected members.', ({ status }) => status.peers.length),
  gauge(
    'chorus_gossip_peers',
    'Members of the gossip mesh with this node.',
    ({ status }) => status.peers.filter((peer) => peer.gossip).length,
  ),
  gauge('chorus_fleet_nodes', 'Nodes that this node knows of.', ({ status }) => status.fleet.nodes),
  gauge('chorus_fleet_converged', 'Nodes that said that they are converged.', ({ status }) => status.fleet.converged),
  {
    name: 'chorus_policies',
    type: 'gauge',
    help: 'Policies that select this node, by state.',
    label: 'state',
    read: ({ status }) => byState(status),
  },
  gauge('chorus_stale', '1 if this node cannot tell whether it is up to date.', ({ status }) => Number(status.stale)),
  gauge('chorus_held', '1 if a human said hands off.', ({ status }) => Number(status.hold !== null)),
  gauge('chorus_alarms', 'Alarms that are raised.', ({ status }) => status.alarms.length),
  gauge('chorus_ledger_records', 'Records in the ledger.', ({ status }) => status.ledger.records),
  gauge('chorus_ledger_pending', 'Records not yet durable.', ({ status }) => status.ledger.pending),
  gauge('chorus_ledger_held', 'Records that wait for another.', ({ status }) => status.ledger.held),
  gauge('chorus_charter_n', 'Number of the charter in force.', ({ status }) => status.charter.n),
  gauge('chorus_store_bytes', 'Disk taken by records.', ({ storeBytes }) => storeBytes),
  gauge('chorus_block_bytes', 'Disk taken by bundles.', ({ blockBytes }) => blockBytes),
  gauge('chorus_start_time_seconds', 'When the daemon started, since 1970.', ({ status }) => status.startedAt / 1000),
  counter(
    'chorus_wire_bytes_in_total',
    'All bytes received over TCP after the handshake.',
    ({ traffic }) => traffic.wireIn,
  ),
  counter(
    'chorus_wire_bytes_out_total',
    'All bytes sent over TCP after the handshake.',
    ({ traffic }) => traffic.wireOut,
  ),
  counter('chorus_sync_bytes_in_total', 'Bytes received by sync.', ({ traffic }) => traffic.syncIn),
  counter('chorus_sync_bytes_out_total', 'Bytes sent by sync.', ({ traffic }) => traffic.syncOut),
  counter('chorus_gossip_bytes_in_total', 'Bytes received by gossip.', ({ traffic }) => traffic.gossipIn),
  counter(
    'chorus_gossip_messages_total',
    'Messages by gossip, copies included.',
    ({ traffic }) => traffic.gossipMessages,
  ),
  counter(
    'chorus_gossip_duplicates_total',
    'Messages by gossip that were known.',
    ({ traffic }) => traffic.gossipDuplicates,
  ),
  counter('chorus_blob_bytes_in_total', 'Bytes of bundles received.', ({ blobs }) => blobs.bytesIn),
  counter('chorus_blob_bytes_out_total', 'Bytes of bundles sent.', ({ blobs }) => blobs.bytesOut),
  counter('chorus_blob_duplicates_total', 'Blocks that came twice.', ({ blobs }) => blobs.duplicates),
  counter('chorus_dials_total', 'Attempts to connect.', ({ traffic }) => traffic.dials),
  counter('chorus_dials_failed_total', 'Attempts to connect that failed.', ({ traffic }) => traffic.dialsFailed),
  {
    name: 'chorus_events_total',
    type: 'counter',
    help: 'What happened since the start, by kind.',
    label: 'kind',
    read: ({ events }) => [...events].map(([kind, n]) => [{ kind }, n]),
  },
  gauge('process_resident_memory_bytes', 'Resident memory.', () => process.memoryUsage.rss()),
  counter('process_cpu_seconds_total', 'User and system CPU time.', () => {
    const { user, system } = process.cpuUsage()
    return (user + system) / 1e6
  }),
]

/** Prometheus' text format. The library is loaded at the first scrape: most nodes are never asked. */
export async function renderMetrics(sample: Sample): Promise<{ type: string; text: string }> {
  const { Counter, Gauge, Registry } = await import('prom-client')
  const registry = new Registry()
  for (const { name, type, help, label, read } of METRICS) {
    const options = { name, help, labelNames: label === undefined ? [] : [label], registers: [registry] }
    const value = read(sample)
    const rows: readonly Labelled[] = typeof value === 'number' ? [[{}, value]] : value
    const metric = type === 'gauge' ? new Gauge(options) : new Counter(options)
    for (const [labels, n] of rows) metric.inc(labels, n)
  }
  return { type: registry.contentType, text: await registry.metrics() }
}
