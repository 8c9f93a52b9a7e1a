import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { ASCII } from '../../cli-tui/top/marks.ts'
import { FleetSource } from '../../cli-tui/top/testing/fleet-source.ts'
import type { Ui } from '../../cli-tui/top/ui.ts'
import { drawn, settledDesk, SIZES } from './screens.ts'

const DIR = join(import.meta.dirname, 'golden')
const fleet = new FleetSource(1200)
const nodeId = (index: number): string => fleet.fleet.row(index).id

const DIFF = ['web/site@6 → @7', '--- nginx.conf', '+++ nginx.conf', '-worker_processes 1;', '+worker_processes auto;']

/** Every screen, and states of screens that look different. */
const CASES: readonly (readonly [name: string, ui: Partial<Ui>])[] = [
  ['overview', {}],
  ['nodes', { screen: 'nodes' }],
  ['nodes-problems', { screen: 'nodes', problemsOnly: true, filter: 'labels.region == "eu-west"' }],
  ['nodes-broken-filter', { screen: 'nodes', filter: 'labels.region = "eu-west"' }],
  ['node-other', { screen: 'node', node: nodeId(3) }],
  ['node-here', { screen: 'node', node: nodeId(0) }],
  ['policies', { screen: 'policies', places: { policies: { cursor: 1, top: 0 } } }],
  ['log', { screen: 'log', policy: 'web/site' }],
  ['events', { screen: 'events' }],
  ['topology', { screen: 'topology' }],
  ['rollout', { screen: 'rollout' }],
  ['connections', { screen: 'connections', node: nodeId(0) }],
  ['text', { screen: 'text', text: { title: 'diff web/site@7', lines: DIFF } }],
  ['help', { screen: 'help' }],
]

/** Compares with the file, or writes it when UPDATE_GOLDEN=1. */
function expectGolden(name: string, text: string): void {
  const path = join(DIR, `${name}.golden`)
  if (process.env['UPDATE_GOLDEN'] === '1') {
    mkdirSync(DIR, { recursive: true })
    writeFileSync(path, `${text}\n`)
  }
  if (!existsSync(path)) expect.fail(`${path} is missing: run with UPDATE_GOLDEN=1 and look at it`)
  expect(`${text}\n`).toBe(readFileSync(path, 'utf8'))
}

describe.each(CASES)('the screen %s', (name, ui) => {
  it.each(SIZES)('looks as it did at $columns x $rows', async (size) => {
    const desk = await settledDesk(fleet, ui, size)
    const text = drawn(desk, size)
    expect(text.split('\n').length).toBeLessThanOrEqual(size.rows)
    expectGolden(`${name}-${size.columns}x${size.rows}`, text)
  })
})

describe('terminals that can do less', () => {
  const size = { columns: 100, rows: 30 }

  it('draws only ASCII where the locale is not UTF-8', async () => {
    for (const [, ui] of CASES) {
      const text = drawn(await settledDesk(fleet, ui, size), size, ASCII)
      expect(text).toMatch(/^[\u0020-\u007e\n]*$/)
    }
  })

  it('says that a terminal is too small instead of drawing nonsense', async () => {
    const small = { columns: 40, rows: 10 }
    const text = drawn(await settledDesk(fleet, {}, small), small)
    expect(text).toContain('40x10 is too small.')
    expect(text).toContain('60x16')
  })

  it('shows no control character that a node put into its name', async () => {
    const text = drawn(await settledDesk(fleet, { screen: 'nodes', filter: 'evil' }, size), size)
    expect(text).toContain('evil\\x1b[2Jnode')
    expect(text).not.toContain('\u001b')
  })
})
