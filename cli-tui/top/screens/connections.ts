import { choosable, layout, tableHead, tableRow } from '../columns.ts'
import type { Column } from '../columns.ts'
import { line, span } from '../line.ts'
import { placeOf } from '../ui.ts'
import { still } from '../view.ts'
import type { Body, View } from '../view.ts'

const COLUMNS: readonly Column[] = [
  { title: 'NEIGHBOUR', min: 14, grow: 1 },
  { title: 'ROUND TRIP', min: 10, align: 'right' },
  { title: '', min: 12, grow: 1, drop: 1 },
  { title: 'GOSSIP', min: 9 },
  { title: 'ADDRESS', min: 20, grow: 3, drop: 2 },
]

/** Whom one node is connected to, nearest first; enter goes on to the neighbour, so that one can walk through the mesh. */
export function connections(view: View): Body {
  const { ui, data, columns, rows, marks } = view
  const name = data.node?.id === ui.node ? data.node?.detail?.row.name : undefined
  const { receipt } = data
  if (receipt === undefined || receipt.id !== ui.node) return still([line(`asking ${name ?? 'the node'}`, 'dim')])
  const { told } = receipt
  if (typeof told === 'string')
    return still([line(name ?? '', 'bold'), line(`It does not tell its connections: ${told}`, 'warn')])
  const peers = [...told.peers].sort((a, b) => (a.rttMs ?? Infinity) - (b.rttMs ?? Infinity))
  const visible = Math.max(1, rows - 2)
  const { cursor, top } = placeOf(ui)
  const at = Math.min(cursor, Math.max(0, peers.length - 1))
  const widths = layout(COLUMNS, columns - 2)
  const slowest = Math.max(1, ...peers.map(({ rttMs }) => rttMs ?? 0))
  const wide = widths[2] ?? 0
  const lines = peers
    .slice(top, top + visible)
    .map((peer, index) =>
      choosable(
        tableRow(
          COLUMNS,
          widths,
          [
            span(peer.name),
            span(peer.rttMs === null ? '-' : `${peer.rttMs.toFixed(1)} ms`),
            span(
              marks.full.repeat(
                Math.max(peer.rttMs === null ? 0 : 1, Math.round((wide * (peer.rttMs ?? 0)) / slowest)),
              ),
              'info',
            ),
            span(peer.gossip ? 'gossip' : 'sync only', peer.gossip ? 'plain' : 'dim'),
            span(peer.addr.replace(/\/p2p\/[^/]+$/, ''), 'dim'),
          ],
          marks,
        ),
        top + index === at,
        marks,
      ),
    )
  return {
    lines: [
      [span(`${name ?? ''}  `, 'bold'), span(`${peers.length} connections, nearest first`, 'dim')],
      [span('  '), ...tableHead(COLUMNS, widths, marks)],
      ...(lines.length === 0 ? [line('It is connected to nobody.', 'warn')] : lines),
    ],
    total: peers.length,
    visible,
    node: peers[at]?.id,
    nodeName: peers[at]?.name,
  }
}
