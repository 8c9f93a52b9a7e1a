import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { apart } from './sample.ts'
import type { Figure, Figures } from './sample.ts'

export interface PageFigures {
  readonly nodes: number
  readonly connections: number
  readonly latencyMs: number
  readonly bundleBytes: number
  readonly nodeMs: Figure
  readonly loadAverage: number
  readonly cpuShare: number
  readonly cores: number
  readonly model: Figures
  readonly exact: Figures
  readonly real: Figures
}

const cell = (figure: Figure | null): string =>
  figure === null ? '' : `${figure.mean.toFixed(2)} ± ${figure.within.toFixed(2)}`
const percent = (share: number | null): string => (share === null ? '' : `${(share * 100).toFixed(1)} %`)

const PAGE = 'docs/fidelity.md'

/** docs/fidelity.md, formatted. */
export function writePage(figures: PageFigures): void {
  const { nodes, connections, latencyMs, bundleBytes, nodeMs, loadAverage, cpuShare, cores, model, exact, real } =
    figures
  const row = (name: string, pick: (figures: Figures) => Figure | null): string => {
    const [far, real_] = [apart(pick(model), pick(exact)), apart(pick(exact), pick(real))]
    return `| ${[name, cell(pick(model)), cell(pick(exact)), cell(pick(real)), percent(far), percent(real_)].join(' | ')} |`
  }
  const late =
    loadAverage > 2 * cores
      ? ` Others used the machine as well: its load was ${loadAverage.toFixed(1)}, and part of what daemons are later is that.`
      : ''
  writeFileSync(
    PAGE,
    `# Fidelity

How near the simulator is to what it simulates: the same scenario on the model, on the real GossipSub class under virtual time, and on
real daemons behind proxies that delay everything by ${latencyMs} ms. ${nodes} nodes with ${connections.toFixed(0)} connections, 4 of them dialled by each; one record at a
time, each by another node; nobody is selected. Means over ${exact.publishes} seeds and over ${real.publishes} publishes on daemons, with their 95 % confidence intervals.
Written by \`npm run bench:fidelity\`; the figures with the machine are in \`bench/results/fidelity.json\`.

| | model | exact | real | model to exact | exact to real |
|---|---|---|---|---|---|
${row('delivery, mean (ms)', ({ meanMs }) => meanMs)}
${row('delivery, p50 (ms)', ({ p50Ms }) => p50Ms)}
${row('delivery, p99 (ms)', ({ p99Ms }) => p99Ms)}
${row('hops', ({ hops }) => hops)}
${row('copies a node', ({ copiesPerNode }) => copiesPerNode)}
${row('bytes a node', ({ bytesPerNode }) => bytesPerNode)}

- **Time** is from the moment at which the publisher tells its neighbours until a node has admitted the record: its disk, and what it does
  with the record then, is no part of it.
- **A hop through a daemon** takes ${cell(nodeMs)} ms beyond the link: measured on a line of six daemons over the same proxies, before
  anything else, and given to both networks of the simulator (\`nodeMs\`). It holds deciphering, decoding, checking the signature, the
  turn of the event loop, and the proxy's timer. Nothing else of the simulator was fitted to these figures.
- **Hops** of real daemons are those that fit the time of arrival best: no daemon tells them.
- **Meshes** differ from start to start: the daemons of each of the blocks were started anew, one after another, in another order; so are
  the simulator's nodes, with every seed.
- **Bytes** are all that come because of a publish (gossip and its control, sync, the bundle of ${bundleBytes} bytes), without the headers of TCP
  and IP, less what comes when nothing is published.
- The daemons used ${(cpuShare * 100).toFixed(0)} % of ${cores} cores while they published.${late}
`,
  )
  spawnSync('node_modules/.bin/oxfmt', ['--write', PAGE])
}
