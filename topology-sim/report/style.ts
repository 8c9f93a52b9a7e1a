/** The look of a report: one column on a phone, two on a screen; light or dark as the reader's system is. */
export const STYLE = `
:root { color-scheme: light dark; --ink: #222; --dim: #666; --paper: #fff; --card: #f7f7f8; --rule: #e3e3e3; --good: #18794e; --bad: #c62a2f }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e6e6; --dim: #9aa4ae; --paper: #14171a; --card: #1d2125; --rule: #30363d; --good: #4cc38a; --bad: #ff6369 } }
* { box-sizing: border-box }
body { margin: 0 auto; padding: 1rem; max-width: 70rem; font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); overflow-wrap: anywhere }
h1 { font-size: 1.4rem; line-height: 1.25; margin: 0 0 .25rem } h2 { font-size: 1.1rem; margin: 0 0 .5rem }
p { margin: .25rem 0 } .dim { color: var(--dim); font-size: .875rem }
section { background: var(--card); border: 1px solid var(--rule); border-radius: .5rem; padding: .75rem; margin: .75rem 0; min-width: 0 }
.two { display: grid; grid-template-columns: minmax(0, 1fr); column-gap: .75rem }
@media (min-width: 60rem) { .two { grid-template-columns: minmax(0, 1fr) minmax(0, 1fr) } }
.wide { overflow-x: auto } table { border-collapse: collapse; font-size: .875rem }
th, td { padding: .2rem .6rem; text-align: right; white-space: nowrap; border-bottom: 1px solid var(--rule) }
th:first-child, td:first-child { text-align: left } th { color: var(--dim); font-weight: 500 }
ul { margin: 0; padding: 0; list-style: none } li { padding: .2rem 0 }
.good { color: var(--good) } .bad { color: var(--bad) }
table.bars { width: 100%; max-width: 30rem } table.bars td:nth-child(2) { text-align: left; width: 100% } table.bars td { padding-inline: .3rem }
.wide + .wide { margin-top: .75rem }
.bar { display: inline-block; height: .7em; background: #3b82f6; border-radius: 2px; vertical-align: baseline }
select { font: inherit; max-width: 100%; color: inherit; background: var(--paper); border: 1px solid var(--rule); border-radius: .25rem; padding: .25rem }
#timeline ul { max-height: 24rem; overflow-y: auto } #timeline li { cursor: pointer; display: grid; grid-template-columns: 5.5rem minmax(0, 1fr) } #timeline li.marked { background: #d4380d33 }
#timeline li[hidden] { display: none } #timeline time { color: var(--dim); font-variant-numeric: tabular-nums }
svg { width: 100%; height: auto; display: block } svg line { stroke: var(--dim); stroke-opacity: .18 } svg line.on { stroke: #d4380d; stroke-opacity: 1; stroke-width: 1.5 }
svg text { fill: var(--dim); font-size: 20px; text-anchor: middle }
svg circle { cursor: pointer } svg circle.off { opacity: .15 }
.key { display: inline-block; width: .7em; height: .7em; border-radius: 50%; margin: 0 .3em 0 .8em }
.heat td { color: #111; text-align: center } .u-legend { color: var(--ink); font-size: .8125rem } .u-legend .u-series { white-space: nowrap }
[hidden] { display: none }
`
