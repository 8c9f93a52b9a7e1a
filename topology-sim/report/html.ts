import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { PublicationResult, RunResult } from '../run/result.ts'
import { countText, msText, shareText } from './format.ts'
import { drawing, heatMaps, hits, networkSection, policyTable, timelineSection, trafficSection } from './sections.ts'
import { escape } from './markup.ts'
import { pageScript, type PageData } from './page-script.ts'
import { STYLE } from './style.ts'

/** Colours that stay apart for the colour-blind (Okabe and Ito, 2008). */
const COLOURS = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9'] as const
/** Versions in the charts; the first and the last ones of more. */
const LINES = 8

/** One page about a run that needs no network: charts by uPlot, which it carries along. */
export function htmlReport(run: RunResult): string {
  const data: PageData = { endMs: run.endedMs, lines: linesOf(run.publications) }
  const sections = [
    `<section>${policyTable(run)}</section>`,
    `<div class="two">`,
    `<section><h2>Convergence</h2><p class="dim">Share of nodes over virtual time. Dashed: the record is there; full: it is applied. Drag to zoom, double-click to see all.</p><div data-chart="convergence"></div></section>`,
    `<section><h2>Latency</h2><p class="dim">Share of nodes by time after publishing (logarithmic).</p><div data-chart="latency"></div></section>`,
    `<section>${heatMaps(run)}</section>`,
    timelineSection(run),
    `</div>`,
    ...hits(run).map((part) => `<section>${part}</section>`),
    `<div class="two">`,
    `<section>${trafficSection(run)}</section>`,
    `<section>${networkSection(run)}</section>`,
    `</div>`,
    `<section>${drawing(run)}</section>`,
  ]
  const script = `(${pageScript.toString()})(uPlot, JSON.parse(document.querySelector('#data').textContent), document, window)`
  return [
    '<!doctype html><html lang="en"><head><meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    // Nothing may be fetched, whatever is in the page.
    `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:">`,
    `<title>${escape(run.scenario)}</title>`,
    `<style>${asset(import.meta.resolve('uplot/dist/uPlot.min.css'))}${STYLE}</style></head><body>`,
    head(run),
    ...sections,
    `<script type="application/json" id="data">${inScript(JSON.stringify(data))}</script>`,
    `<script>${inScript(asset(import.meta.resolve('uplot/dist/uPlot.iife.min.js')))}</script>`,
    `<script>${inScript(script)}</script>`,
    '</body></html>\n',
  ].join('\n')
}

function head(run: RunResult): string {
  const facts = [
    `seed ${run.seed}`,
    `${countText(run.nodes)} nodes`,
    `${run.network} network`,
    `${msText(run.endedMs)} of virtual time`,
    `${countText(run.events)} events`,
    `trace ${run.traceHash}`,
  ]
  const partial = run.complete ? '' : '<p class="bad">It was stopped before its end: everything here is partial.</p>'
  const about = run.about === '' ? '' : `<p>${escape(run.about)}</p>`
  const expected = run.expectations.map(
    ({ ok, text, found }) =>
      `<li class="${ok ? 'good' : 'bad'}">${ok ? '✓' : '✗'} ${escape(text)}: ${escape(found)}</li>`,
  )
  const broken = run.violations.map(({ message, atMs }) => `<li class="bad">! ${msText(atMs)}: ${escape(message)}</li>`)
  const verdicts = [...expected, ...broken]
  return `<header><h1>${escape(run.scenario)}</h1>${about}<p class="dim">${escape(facts.join(' · '))}</p>${partial}</header>${
    verdicts.length === 0 ? '' : `<section id="verdicts"><h2>Expected</h2><ul>${verdicts.join('')}</ul></section>`
  }`
}

function linesOf(publications: readonly PublicationResult[]): PageData['lines'] {
  const half = LINES / 2
  const shown =
    publications.length <= LINES ? publications : [...publications.slice(0, half), ...publications.slice(-half)]
  return shown.flatMap(({ name, thief, atMs, curves, converged }, i) =>
    (['delivered', 'applied'] as const).map((what) => ({
      label: `${name}${thief ? ' (thief)' : ''} ${what}${what === 'applied' ? ` ${shareText(converged)}` : ''}`,
      what,
      colour: COLOURS[i % COLOURS.length] ?? '#0072b2',
      atMs,
      curve: curves[what],
    })),
  )
}

/** A file of uPlot, as npm installed it. */
function asset(url: string): string {
  return readFileSync(fileURLToPath(url), 'utf8')
}

/** Text that cannot end the script element that it stands in. */
function inScript(text: string): string {
  return text.replaceAll(/<(?=\/script|!--)/gi, '\\u003c')
}
