import type { RunResult, Times } from '../run/result.ts'

/** A run as tables for spreadsheets: RFC 4180, times in virtual milliseconds. @returns text by file name */
export function csvFiles(run: RunResult): Readonly<Record<string, string>> {
  const times = ({ count, p50, p90, p99, last }: Times): (number | null)[] => [count, p50, p90, p99, last]
  const heads = (what: string): string[] => ['count', 'p50', 'p90', 'p99', 'last'].map((name) => `${what}_${name}`)
  return {
    'publications.csv': table(
      [
        'name',
        'policy',
        'action',
        'by',
        'thief',
        'at',
        'acknowledged',
        'selected',
        'reliability',
        'converged',
        'failed',
        'touched',
        'copies_per_node',
        ...heads('delivered'),
        ...heads('applied'),
        ...heads('hops'),
      ],
      run.publications.map((one) => [
        one.name,
        one.policy,
        one.action,
        one.by,
        one.thief ? 1 : 0,
        one.atMs,
        one.acknowledgedMs,
        one.selected,
        one.reliability,
        one.converged,
        one.failed,
        one.blast.touched,
        one.copiesPerNode,
        ...times(one.delivered),
        ...times(one.applied),
        ...times(one.hops),
      ]),
    ),
    'regions.csv': table(
      ['name', 'at', 'region', 'selected', ...heads('delivered'), ...heads('applied')],
      run.publications.flatMap((one) =>
        one.regions.map((region) => [
          one.name,
          one.atMs,
          region.region,
          region.selected,
          ...times(region.delivered),
          ...times(region.applied),
        ]),
      ),
    ),
    'convergence.csv': table(
      ['name', 'at', 'what', 'ms_after', 'share'],
      run.publications.flatMap((one) =>
        (['delivered', 'applied'] as const).flatMap((what) =>
          one.curves[what].map(([ms, share]) => [one.name, one.atMs, what, ms, share]),
        ),
      ),
    ),
    'failed-hosts.csv': table(
      ['name', 'host', 'at', 'resource'],
      run.publications.flatMap((one) => one.blast.hosts.map((host) => [one.name, host.name, host.atMs, host.resource])),
    ),
    'timeline.csv': table(
      ['at', 'kind', 'what'],
      run.timeline.map(({ atMs, kind, text }) => [atMs, kind, text]),
    ),
  }
}

type Cell = string | number | null

function table(head: readonly string[], rows: readonly (readonly Cell[])[]): string {
  return [head, ...rows].map((row) => `${row.map(cell).join(',')}\r\n`).join('')
}

function cell(value: Cell): string {
  if (value === null) return ''
  const text = String(value)
  // A text that a spreadsheet would run as a formula is made a text.
  const safe = typeof value === 'string' && /^[=+\-@\t]/.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}
