import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { chorus } from '../../cli-tui/testing/world.ts'
import { Browser } from './browser.ts'

const SCENARIO = `scenario: Two regions, one of them cut off for a while
fleet:
  eu: { count: 30, region: eu, labels: { role: web } }
  us: { count: 20, region: us, labels: { role: web } }
regions: { eu: { latency: 2ms }, us: { latency: 3ms } }
links: { between: 45ms }
policies: { site: { select: "true", resources: { file/index: { failsOn: node.name == 'eu-7' } } } }
events:
  - { at: 1s, partition: [[us]], for: 40s }
  - { at: 5s, publish: site }
expect: [{ healed: 2m }, { lost: 0 }]
`

const command = Browser.find()
if (command === undefined)
  console.log('SKIPPED: the report was not tested in a browser: there is no chromium here (apt install chromium).')

describe.skipIf(command === undefined)('the page of a run, in Chromium', () => {
  const dir = mkdtempSync(join(tmpdir(), 'chorus-report-'))
  const page = pathToFileURL(join(dir, 'out', 'report.html')).href
  let browser: Browser | undefined
  const ask = (expression: string): Promise<unknown> =>
    browser?.ask(expression) ?? Promise.reject(new Error('no browser'))

  beforeAll(async () => {
    writeFileSync(join(dir, 's.yaml'), SCENARIO)
    await chorus(['sim', 'run', 's.yaml', '--report', 'out'], { cwd: dir })
    browser = await Browser.start(command ?? '')
    await browser.open(page, 390, 844)
  }, 120_000)
  afterAll(async () => {
    await browser?.close()
    rmSync(dir, { recursive: true })
  })

  it('fits a phone: nothing has to be scrolled sideways', async () => {
    expect(await ask('document.documentElement.scrollWidth')).toBeLessThanOrEqual(390)
    expect(await ask('getComputedStyle(document.body).fontSize')).toBe('16px')
  })

  it('says what was expected, and what came of it', async () => {
    expect(await ask("document.querySelector('h1').textContent")).toBe('Two regions, one of them cut off for a while')
    expect(await ask("[...document.querySelectorAll('#verdicts li')].map((line) => line.className)")).toEqual([
      'good',
      'good',
    ])
    expect(await ask("document.body.textContent.includes('eu-7')")).toBe(true)
  })

  it('draws convergence and latency, with something in them', async () => {
    expect(await ask("document.querySelectorAll('.uplot canvas').length")).toBe(2)
    const colours = `[...document.querySelectorAll('.uplot canvas')].map((canvas) => {
      const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height)
      let drawn = 0
      for (let i = 0; i < data.length; i += 4) if (data[i + 3] > 0 && data[i + 2] > data[i] + 60) drawn++
      return drawn > 100
    })`
    expect(await ask(colours)).toEqual([true, true])
  })

  it('shows one heat map at a time', async () => {
    const shown =
      "[...document.querySelectorAll('[data-heat]')].filter((map) => !map.hidden).map((map) => map.dataset.heat)"
    expect(await ask(shown)).toEqual(['0'])
    await ask(
      "(() => { const choice = document.querySelector('#heat-choice'); choice.value = '2'; choice.dispatchEvent(new Event('change')) })()",
    )
    expect(await ask(shown)).toEqual(['2'])
    expect(await ask('document.querySelectorAll(\'[data-heat="0"] tbody tr\').length')).toBe(2)
  })

  it('marks a moment of the timeline in the chart, and filters by kind', async () => {
    const image = "document.querySelector('[data-chart=convergence] canvas').toDataURL()"
    const before = await ask(image)
    await ask("document.querySelector('#timeline li[data-kind=partition]').click()")
    expect(await ask("document.querySelector('#timeline li.marked').dataset.at")).toBe('1000')
    expect(await ask(`new Promise((done) => requestAnimationFrame(() => done(${image})))`)).not.toBe(before)
    await ask(
      "(() => { const kind = document.querySelector('#timeline-kind'); kind.value = 'heal'; kind.dispatchEvent(new Event('change')) })()",
    )
    expect(await ask("[...document.querySelectorAll('#timeline li')].filter((line) => !line.hidden).length")).toBe(1)
  })

  it('shows whom a node is connected to', async () => {
    expect(await ask("document.querySelectorAll('#topology circle').length")).toBe(50)
    await ask("document.querySelector('#topology circle').dispatchEvent(new Event('click', { bubbles: true }))")
    expect(await ask("document.querySelectorAll('#topology line.on').length")).toBeGreaterThan(0)
    expect(await ask("document.querySelector('#topology-about').textContent")).toMatch(
      /^eu-1 \(ok\), \d+ connections shown$/,
    )
  })

  it('fits a screen as well, in two columns', async () => {
    await browser?.open(page, 1400, 900)
    expect(await ask('document.documentElement.scrollWidth')).toBeLessThanOrEqual(1400)
    expect(await ask("getComputedStyle(document.querySelector('.two')).gridTemplateColumns.split(' ').length")).toBe(2)
  })

  it('fetched nothing but itself, and complained about nothing', () => {
    const fetched = browser?.requests.filter(
      (request) => !request.includes('"url":"file://') && !request.includes('"url":"data:'),
    )
    expect(fetched).toEqual([])
    expect(browser?.complaints).toEqual([])
  })
})
