import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import type { FleetOutput } from '../../cli-tui/sim/export-fleet.ts'
import { Typed } from '../support/typed.ts'

const typed = new Typed()
afterAll(() => typed.close())

it('my real labels and facts, my next policy: the fleet of a mesh is tried in the simulator', async () => {
  typed.quiet('one')
  const init = [
    'init',
    'lab',
    '--name',
    'one',
    '--label',
    'role=web',
    '--root-key',
    'root.key',
    '--recovery-file',
    'recovery',
  ]
  expect(typed.chorus('one', ...init)).toMatchObject({ code: 0 })
  await typed.up('one')
  const fleet = typed.json<FleetOutput>('one', 'export', '--fleet', 'fleet.json')
  expect(fleet).toMatchObject({ nodes: 1, unheard: 0 })
  const [node] = JSON.parse(readFileSync(join(typed.dir, 'fleet.json'), 'utf8')).nodes
  expect(node).toMatchObject({
    name: 'one',
    labels: { role: 'web' },
    facts: { os: { family: expect.any(String) } },
    dialable: true,
  })
  expect(typed.chorus('one', 'export', '--fleet', 'fleet.json')).toMatchObject({
    code: 1,
    err: expect.stringContaining('E_FILE_EXISTS'),
  })
  const sim = [
    'sim',
    'run',
    'lan-100',
    '--fleet',
    'fleet.json',
    '--nodes',
    '20',
    '--policy',
    resolve('policies/examples/hello'),
  ]
  const ran = typed.chorus('one', ...sim, '--fail', "node.name == 'one.4'")
  expect([ran.code, ran.out]).toEqual([3, expect.stringContaining('it failed on 1 of 20')])
})
