import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { NodeRow } from '../../node/control/index.ts'
import type { Context } from '../command.ts'
import { buildFolder } from './compile.ts'
import { checkForNodes } from './expand.ts'

const dir = mkdtempSync(join(tmpdir(), 'chorus-expand-'))
afterAll(() => rmSync(dir, { recursive: true }))
beforeAll(() => {
  mkdirSync(join(dir, 'data'))
  writeFileSync(
    join(dir, 'policy.yaml'),
    'policy: a/b\nselect: "true"\nvars: { port: TBD }\ndata: ["data/${labels.env}.yaml"]\nresources:\n  file/x: { path: /x, content: "${vars.port}" }\n',
  )
  writeFileSync(join(dir, 'data', 'prod.yaml'), 'port: "80"\n')
})

const row = (name: string, labels: Record<string, string>, more: Partial<NodeRow> = {}): NodeRow => ({
  name,
  id: name,
  key: name.padEnd(64, '0'),
  labels,
  state: 'ok',
  ageMs: 1,
  agent: null,
  presence: 'always',
  provisional: false,
  self: false,
  addrs: [],
  facts: {},
  policies: {},
  ...more,
})

/** Only what the check uses. */
function contextWith(said: string[]): Context {
  const out = {
    note: (text: string) => said.push(text),
    warn: (text: string) => said.push(text),
    paintNote: (_: unknown, text: string) => text,
  }
  return { out, io: { cwd: dir } } as unknown as Context
}

describe('before a policy is published', () => {
  it('nodes that cannot resolve it are named, with the reason', async () => {
    const said: string[] = []
    const context = contextWith(said)
    const built = await buildFolder(context, dir, {})
    const nodes = [
      row('one', { env: 'prod' }),
      row('two', { env: 'dev' }),
      row('three', { env: 'dev' }),
      row('unheard', { env: 'test' }, { ageMs: null }),
    ]
    expect(() => checkForNodes(context, built, nodes, false)).toThrow('a/b cannot be resolved on 2 nodes')
    expect(said.join('\n')).toContain('on three and two:')
    expect(said.join('\n')).toContain('E_TBD')
    checkForNodes(context, built, nodes, true)
    expect(said.at(-1)).toContain('they keep what they have')
    said.length = 0
    checkForNodes(context, built, nodes.slice(0, 1), false)
    expect(said).toEqual([])
  })
})
