import type { Curve } from '../run/result.ts'

/** What the page's script is given, as JSON in the page. */
export interface PageData {
  /** Lines of the two charts: a version, and what became of it. */
  readonly lines: readonly {
    readonly label: string
    readonly what: 'delivered' | 'applied'
    readonly colour: string
    /** When it was published. */
    readonly atMs: number
    readonly curve: Curve
  }[]
  readonly endMs: number
}

/**
 * The few parts of a browser that the script uses: this package is compiled without the types of the DOM, and a page must
 * not need more than these.
 */
interface Element {
  readonly dataset: Record<string, string | undefined>
  readonly clientWidth: number
  readonly classList: { toggle(name: string, on: boolean): void; add(name: string): void; remove(name: string): void }
  hidden: boolean
  value: string
  textContent: string | null
  addEventListener(type: string, listener: (event: { readonly target: Element }) => void): void
  closest(selector: string): Element | null
}
interface Page {
  querySelector(selector: string): Element | null
  querySelectorAll(selector: string): Iterable<Element>
}
interface Chart {
  setSize(size: { width: number; height: number }): void
  setSelect(select: { left: number; top: number; width: number; height: number }, fire: boolean): void
  setCursor(at: { left: number; top: number }): void
  valToPos(value: number, scale: string): number
  redraw(): void
}
interface ChartMaker {
  new (options: object, data: readonly (readonly (number | null | undefined)[])[], target: Element): Chart
  join(tables: readonly (readonly (readonly number[])[])[]): (number | null | undefined)[][]
  readonly paths: { stepped(options: { align: number }): unknown }
}
interface Window {
  addEventListener(type: string, listener: () => void): void
  matchMedia(query: string): { readonly matches: boolean }
}

/**
 * The script of the page. It is put into the page as text, so it must not use anything from outside itself.
 * Charts are drawn by uPlot; everything else is in the page already and is only shown, hidden or marked here.
 */
export function pageScript(uPlot: ChartMaker, data: PageData, page: Page, window: Window): void {
  const dark = window.matchMedia('(prefers-color-scheme: dark)').matches
  const ink = dark ? '#c9d1d9' : '#333333'
  const rule = dark ? '#30363d' : '#e3e3e3'

  function time(ms: number): string {
    if (ms < 1000) return `${Math.round(ms * 10) / 10} ms`
    if (ms < 120_000) return `${Math.round(ms / 10) / 100} s`
    if (ms < 7_200_000) return `${Math.round(ms / 6000) / 10} min`
    return `${Math.round(ms / 360_000) / 10} h`
  }

  /** Steps from nothing to the curve's end, and on to the end of the run. */
  function table(line: PageData['lines'][number], fromStart: boolean): number[][] {
    const shift = fromStart ? line.atMs : 0
    const xs: number[] = fromStart ? [0, line.atMs] : []
    const ys: number[] = fromStart ? [0, 0] : []
    for (const [ms, share] of line.curve) {
      const x = Math.max(fromStart ? 0 : 0.1, ms + shift)
      if (x === xs[xs.length - 1]) ys[ys.length - 1] = share * 100
      else {
        xs.push(x)
        ys.push(share * 100)
      }
    }
    if (fromStart && data.endMs > (xs[xs.length - 1] ?? 0)) {
      xs.push(data.endMs)
      ys.push(ys[ys.length - 1] ?? 0)
    }
    return [xs, ys]
  }

  const charts: { readonly chart: Chart; readonly box: Element; readonly fromStart: boolean }[] = []
  let marked: number | null = null

  function mark(chart: Chart & { readonly ctx?: Canvas; readonly bbox?: { top: number; height: number } }): void {
    if (marked === null || chart.ctx === undefined || chart.bbox === undefined) return
    const x = (chart as unknown as { valToPos(value: number, scale: string, canvas: boolean): number }).valToPos(
      marked,
      'x',
      true,
    )
    chart.ctx.save()
    chart.ctx.strokeStyle = '#d4380d'
    chart.ctx.beginPath()
    chart.ctx.moveTo(x, chart.bbox.top)
    chart.ctx.lineTo(x, chart.bbox.top + chart.bbox.height)
    chart.ctx.stroke()
    chart.ctx.restore()
  }
  interface Canvas {
    strokeStyle: string
    save(): void
    restore(): void
    beginPath(): void
    stroke(): void
    moveTo(x: number, y: number): void
    lineTo(x: number, y: number): void
  }

  function draw(box: Element, fromStart: boolean): void {
    const lines = data.lines.filter(({ curve }) => curve.length > 0)
    if (lines.length === 0) {
      box.textContent = 'Nothing was delivered.'
      return
    }
    const axis = { stroke: ink, grid: { stroke: rule }, ticks: { stroke: rule } }
    const options = {
      width: Math.max(280, box.clientWidth),
      height: box.clientWidth < 500 ? 240 : 320,
      cursor: { drag: { x: true, y: false } },
      scales: { x: { time: false, distr: fromStart ? 1 : 3 }, y: { range: [0, 102] } },
      axes: [
        {
          ...axis,
          values: (_: unknown, values: readonly (number | null)[]) => values.map((ms) => (ms === null ? '' : time(ms))),
        },
        { ...axis, size: 56, values: (_: unknown, values: readonly number[]) => values.map((share) => `${share}%`) },
      ],
      series: [
        {
          label: fromStart ? 'time' : 'after',
          value: (_: unknown, ms: number | null) => (ms === null ? '-' : time(ms)),
        },
        ...lines.map((line) => ({
          label: line.label,
          stroke: line.colour,
          width: 2,
          dash: line.what === 'delivered' ? [6, 4] : [],
          spanGaps: true,
          paths: uPlot.paths.stepped({ align: 1 }),
          value: (_: unknown, share: number | null) => (share === null ? '-' : `${Math.round(share * 100) / 100}%`),
        })),
      ],
      hooks: { draw: [fromStart ? mark : () => undefined] },
    }
    const chart = new uPlot(options, uPlot.join(lines.map((line) => table(line, fromStart))), box)
    charts.push({ chart, box, fromStart })
  }

  for (const box of page.querySelectorAll('[data-chart]')) draw(box, box.dataset['chart'] === 'convergence')
  window.addEventListener('resize', () => {
    for (const { chart, box } of charts)
      chart.setSize({ width: Math.max(280, box.clientWidth), height: box.clientWidth < 500 ? 240 : 320 })
  })

  // One heat map at a time.
  const choice = page.querySelector('#heat-choice')
  choice?.addEventListener('change', () => {
    for (const map of page.querySelectorAll('[data-heat]')) map.hidden = map.dataset['heat'] !== choice.value
  })

  // A line of the timeline marks its moment in the chart.
  for (const entry of page.querySelectorAll('#timeline [data-at]')) {
    entry.addEventListener('click', () => {
      marked = Number(entry.dataset['at'])
      for (const other of page.querySelectorAll('#timeline [data-at]'))
        other.classList.toggle('marked', other === entry)
      for (const { chart, fromStart } of charts) if (fromStart) chart.redraw()
    })
  }
  const filter = page.querySelector('#timeline-kind')
  filter?.addEventListener('change', () => {
    for (const entry of page.querySelectorAll('#timeline [data-kind]'))
      entry.hidden = filter.value !== '' && entry.dataset['kind'] !== filter.value
  })

  // A node shows whom it is connected to.
  const about = page.querySelector('#topology-about')
  function show(node: string | undefined): void {
    const near = new Set<string | undefined>()
    for (const edge of page.querySelectorAll('#topology [data-a]')) {
      const on = node !== undefined && (edge.dataset['a'] === node || edge.dataset['b'] === node)
      edge.classList.toggle('on', on)
      if (on) near.add(edge.dataset['a']).add(edge.dataset['b'])
    }
    for (const dot of page.querySelectorAll('#topology [data-node]')) {
      const { node: id, name } = dot.dataset
      dot.classList.toggle('off', node !== undefined && id !== node && !near.has(id))
      if (id === node && node !== undefined && about !== null)
        about.textContent = `${name ?? ''}, ${Math.max(0, near.size - 1)} connections shown`
    }
  }
  const drawing = page.querySelector('#topology')
  for (const type of ['click', 'mouseover'])
    drawing?.addEventListener(type, ({ target }) => show(target.closest('[data-node]')?.dataset['node']))
}
