import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { chorus } from '../testing/world.ts'
import type { Ran } from '../testing/world.ts'
import type { CaptureOutput } from './capture.ts'
import type { ExplainOutput } from './explain.ts'
import type { FmtOutput } from './fmt.ts'

/** Commands for reading and writing policies that need no daemon. */
const top = mkdtempSync(join(tmpdir(), 'chorus-reading-'))
afterAll(() => rmSync(top, { recursive: true }))
let dir = ''
let n = 0
beforeEach(() => {
  dir = join(top, `${n++}`)
  mkdirSync(dir)
})

const put = (path: string, text: string): void => {
  mkdirSync(dirname(join(dir, path)), { recursive: true })
  writeFileSync(join(dir, path), text)
}
const run = (...argv: string[]): Promise<Ran> => chorus([...argv, '--state', join(dir, 'state')], { cwd: dir })
const get = (path: string): string => readFileSync(join(dir, path), 'utf8')

describe('fmt', () => {
  const messy = '# who\n\nselect:   "true"\npolicy: a/b   # the name\nresources:\n    file/x: {path: /x}\n'
  const neat = '# who\n\npolicy: a/b # the name\nselect: "true"\nresources:\n  file/x: { path: /x }\n'

  it('writes a policy and its data in their one form, comments and content to install left alone', async () => {
    put('web/policy.yaml', messy)
    put('web/data/common.yaml', 'a:   1\n')
    put('web/files/app.yaml', 'a:   1\n')
    const check = await run('fmt', '--check', 'web')
    expect([check.code, check.out]).toEqual([1, expect.stringContaining('web/policy.yaml  not formatted')])
    expect(get('web/policy.yaml')).toBe(messy)
    expect((await run('fmt', 'web')).code).toBe(0)
    expect([get('web/policy.yaml'), get('web/data/common.yaml'), get('web/files/app.yaml')]).toEqual([
      neat,
      'a: 1\n',
      'a:   1\n',
    ])
    expect(await run('fmt', '--check', 'web')).toMatchObject({ code: 0, out: '2 files, all as they should be\n' })
  })

  it('goes through a folder of policies, and takes single files', async () => {
    put('a/policy.yaml', messy)
    put('b/policy.yaml', messy)
    const data = JSON.parse((await run('fmt', '--check', '--json', '.')).out) as FmtOutput
    expect(data.files.map(({ file, result }) => [file, result])).toEqual([
      ['a/policy.yaml', 'unformatted'],
      ['b/policy.yaml', 'unformatted'],
    ])
    await run('fmt', 'a/policy.yaml')
    expect([get('a/policy.yaml'), get('b/policy.yaml')]).toEqual([neat, messy])
  })

  it('changes nothing that it cannot read for certain, and says where', async () => {
    put('web/policy.yaml', 'policy: a/b\npolicy: c/d\n')
    const { code, err } = await run('fmt', 'web')
    expect([code, err]).toEqual([1, expect.stringContaining("web/policy.yaml:2:1: The key 'policy' is there twice.")])
    expect(get('web/policy.yaml')).toBe('policy: a/b\npolicy: c/d\n')
    expect((await run('fmt', 'nowhere')).err).toContain('E_SOURCE')
  })
})

describe('explain', () => {
  beforeEach(() => {
    put(
      'web/policy.yaml',
      'policy: web/site\nselect: "true"\nvars:\n  port: 80\n  users: {}\ndata: [data/common.yaml, "data/${labels.env}.yaml", "data/${labels.rack}.yaml"]\nresources: {}\n',
    )
    put('web/data/common.yaml', '# everywhere\nport: 8080\nusers:\n  alice: { uid: 1 }\n  bob: { uid: 2 }\n')
    put('web/data/prod.yaml', 'users: { bob: null }\nport: 443\n')
  })
  const explained = async (...argv: string[]): Promise<ExplainOutput> =>
    JSON.parse((await run('explain', ...argv, '--label', 'env=prod', '--json')).out) as ExplainOutput

  it('names every layer, what it says, the winner, and the lines', async () => {
    const { value, winner, layers } = await explained('vars.port', 'web')
    expect([value, winner]).toEqual([443, 'data/prod.yaml'])
    expect(layers.map(({ file, line, says }) => [file, line, says])).toEqual([
      ['vars', 4, 'gives'],
      ['data/common.yaml', 2, 'gives'],
      ['data/prod.yaml', 2, 'gives'],
      [null, null, 'no label'],
    ])
    const { out } = await run('explain', 'port', 'web', '--label', 'env=prod')
    expect(out).toContain('vars.port on  is 443')
    expect(out).toMatch(/→ +data\/prod\.yaml:2 +443/)
    expect(out).toContain('data/${labels.rack}.yaml')
  })

  it('shows what deletes a value, and what a map is merged from', async () => {
    expect(await explained('vars.users.bob', 'web')).toMatchObject({ value: null, winner: 'data/prod.yaml' })
    const users = await explained('users', 'web')
    expect(users.from).toEqual(['vars', 'data/common.yaml', 'data/prod.yaml'])
    expect(users.value).toEqual({ alice: { uid: 1 } })
  })

  it('suggests a name, and asks for a node', async () => {
    expect((await run('explain', 'prot', 'web', '--label', 'a=b')).err).toContain("Did you mean 'port'?")
    expect((await run('explain', 'port', 'web')).err).toContain('Give --node NAME, or --label KEY=VALUE')
  })
})

describe('capture', () => {
  it('prints a policy for this machine, and never what only some may read', async () => {
    writeFileSync(join(dir, 'open'), 'hello\n', { mode: 0o644 })
    writeFileSync(join(dir, 'closed'), 'hunter2', { mode: 0o600 })
    const ran = await run('capture', `file:${dir}/open`, `file:${dir}/closed`, '--policy', 'web/x', '--name', 'n1')
    expect(ran.code).toBe(0)
    expect(ran.out).toContain('content: |\n      hello\n')
    expect(ran.out + ran.err).not.toContain('hunter2')
    expect(ran.err).toMatch(/chorus secret set \S+closed --from \S+closed/)
    const data = JSON.parse((await run('capture', `file:${dir}/open`, '--json')).out) as CaptureOutput
    expect(data.resources[0]?.attrs).toMatchObject({ path: `${dir}/open`, mode: '0644' })
    put('web/policy.yaml', data.yaml)
    expect((await run('lint', 'web')).code).toBe(0)
  })
})
