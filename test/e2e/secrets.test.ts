import { spawn } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { TestMesh } from '../support/mesh.ts'
import type { TestNode } from '../support/node.ts'
import { freePort, Link } from '../support/proxy.ts'
import { until } from '../support/until.ts'

/**
 * A value travels from the publisher's standard input into one file on each of three nodes. Everything else that the run
 * writes, sends or prints is searched for it: n1 publishes and cannot read it, and the others reach it through a link that
 * records what goes over it.
 */
const VALUE = 'correct-horse-battery-staple-7'
const NEXT = 'another-horse-another-battery-8'
const MAIN = resolve('dist/bin/chorus.js')

let mesh: TestMesh
let link: Link
let site: string
const printed: string[] = []

beforeAll(async () => {
  const port = await freePort()
  link = await Link.to(port)
  link.record()
  mesh = await TestMesh.create({}, port, { announce: [`/ip4/127.0.0.1/tcp/${link.port}`] })
  for (const name of ['n2', 'n3', 'n4']) await mesh.prepare(name, { labels: { tier: 'a' } })
  for (const node of mesh.nodes.slice(1)) await node.start(['--log-level', 'debug'])
  await mesh.meet()
  await mesh.acquainted()
  site = join(mesh.dir, 'site')
  mkdirSync(site)
  writeFileSync(join(site, 'conf.liquid'), 'password {{ secrets.key | upcase }}\n')
  policy()
})
afterAll(async () => {
  await mesh?.close()
  link?.close()
})

function policy(more = ''): void {
  const out = `${mesh.out}/\${node.name}`
  writeFileSync(
    join(site, 'policy.yaml'),
    `policy: web/site
select: "true"
secrets: { key: { age: "secrets/\${labels.tier}.age" } }
resources:
  file/key: { path: "${out}/key", content: "\${secrets.key}", mode: "0600" }
  file/conf: { path: "${out}/conf", template: conf.liquid, mode: "0600" }
  file/plain: { path: "${out}/plain", content: "nothing to hide${more}" }
`,
  )
}

interface Ran {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

/** Not spawnSync: the link lives in this process, and must go on. */
async function chorus(node: TestNode, argv: readonly string[], input = ''): Promise<Ran> {
  const child = spawn(process.execPath, [MAIN, ...argv, '--state', node.dir], {
    env: { ...process.env, NO_COLOR: '1' },
  })
  child.stdin.end(input)
  const [out, err] = [text(child.stdout), text(child.stderr)]
  const code = await new Promise<number | null>((done) => child.once('close', done))
  printed.push(await out, await err)
  return { code, out: await out, err: await err }
}

const fileOf = (node: TestNode, name: string): string | undefined => {
  try {
    return readFileSync(join(mesh.out, node.name, name), 'utf8')
  } catch {
    return undefined
  }
}

async function has(nodes: readonly TestNode[], value: string): Promise<void> {
  await until(nodes, `${value} is where it belongs`, () => nodes.every((node) => fileOf(node, 'key') === value))
}

const stateOn = async (node: TestNode): Promise<[string | undefined, string | undefined]> => {
  const found = (await node.status()).policies.find((one) => one.policy === 'web/site')
  return [found?.state, found?.reason]
}

describe('a secret', () => {
  it('is encrypted for the nodes that its file name chooses, from the standard input', async () => {
    const n1 = mesh.node(1)
    const before = await chorus(n1, ['secret', 'list', site])
    expect([before.code, before.out]).toEqual([0, expect.stringContaining('not set')])
    const wrong = await chorus(n1, ['secret', 'set', 'kye', '--dir', site], VALUE)
    expect([wrong.code, wrong.err]).toEqual([1, expect.stringContaining('web/site has no secret "kye"')])
    const set = await chorus(n1, ['secret', 'set', 'key', '--dir', site], VALUE)
    expect([set.code, set.out]).toEqual([0, 'key version 1 in secrets/a.age, for n2, n3 and n4\n'])
    const list = await chorus(n1, ['secret', 'list', site])
    expect(list.out).toContain('n1 has no file of key')
    expect(readFileSync(join(site, 'secrets/a.age'), 'utf8')).toMatch(/^chorus-secret\/1 \{.*"policy":"web\/site"/)
  })

  it('for labels that nobody has is refused: there is nobody to encrypt it for', async () => {
    const refused = await chorus(mesh.node(1), ['secret', 'set', 'key', '--dir', site, '--label', 'tier=none'], VALUE)
    expect([refused.code, refused.err]).toEqual([
      1,
      expect.stringMatching(/E_NOT_FOUND: nobody could read secrets\/none\.age[\s\S]*--to age1/),
    ])
    const other = await chorus(mesh.node(1), ['secret', 'set', 'key', '--dir', site, '--to', 'age1nobody'], VALUE)
    expect([other.code, other.err]).toEqual([2, expect.stringContaining('"age1nobody" is no age recipient')])
  })

  it('reaches those nodes, and the one without a key waits: shown, with nothing of it undone', async () => {
    const done = await chorus(mesh.node(1), ['publish', site])
    expect([done.code, done.err]).toEqual([0, expect.anything()])
    const readers = mesh.nodes.slice(1)
    await has(readers, VALUE)
    await until(mesh.nodes, 'all but n1 are ok', async () => {
      const states = await Promise.all(mesh.nodes.map(stateOn))
      return states.map(([state]) => state).join() === 'waiting,ok,ok,ok'
    })
    expect((await stateOn(mesh.node(1)))[1]).toContain('waiting for secret key')
    expect(fileOf(mesh.node(1), 'plain')).toBe('nothing to hide')
    expect(fileOf(mesh.node(2), 'conf')).toBe(`password ${VALUE.toUpperCase()}\n`)
    expect(statSync(join(mesh.out, 'n2/key')).mode & 0o777).toBe(0o600)
  })

  it('is replaced by a new value, and repaired without being shown', async () => {
    writeFileSync(join(mesh.out, 'n2/conf'), 'somebody was here\n')
    await until(
      mesh.nodes,
      'it is repaired',
      () => fileOf(mesh.node(2), 'conf') === `password ${VALUE.toUpperCase()}\n`,
    )
    policy(', still')
    await chorus(mesh.node(1), ['plan', site])
    expect((await chorus(mesh.node(1), ['publish', site])).code).toBe(0)
    const value = join(mesh.dir, 'value')
    writeFileSync(value, `${NEXT}\n`)
    const set = await chorus(mesh.node(1), ['secret', 'set', `${site}/secrets/a.age`, '--from', value, '--trim'])
    expect([set.code, set.out]).toEqual([0, expect.stringContaining('key version 2')])
    writeFileSync(value, '')
    expect((await chorus(mesh.node(1), ['publish', site])).code).toBe(0)
    await has(mesh.nodes.slice(1), NEXT)
  })

  it('can be encrypted again for who came, by a node that can read it', async () => {
    const n5 = await mesh.prepare('n5', { labels: { tier: 'a' } })
    await n5.start(['--log-level', 'debug'])
    await mesh.meet()
    await until([n5], 'n5 waits', async () => (await stateOn(n5))[0] === 'waiting')
    const list = await chorus(mesh.node(1), ['secret', 'list', site])
    expect(list.out).toContain('n5 cannot read secrets/a.age yet')
    const refused = await chorus(mesh.node(1), ['secret', 'rekey', site])
    expect([refused.code, refused.err]).toEqual([1, expect.stringContaining('E_NOT_ALLOWED')])
    const rekeyed = await chorus(mesh.node(2), ['secret', 'rekey', site])
    expect([rekeyed.code, rekeyed.out]).toEqual([0, expect.stringMatching(/^rekeyed +secrets\/a\.age +for 4 nodes/)])
    expect((await chorus(mesh.node(1), ['publish', site])).code).toBe(0)
    await has(mesh.nodes.slice(1), NEXT)
  })

  it('is found nowhere else: not in a log, a database, a blob, a plan, a screen, or on the way', async () => {
    // One that cannot read it, and one that can.
    for (const node of mesh.nodes.slice(0, 2)) {
      for (const argv of [
        ['status', '--verbose'],
        ['status', '--json'],
        ['nodes', '--json'],
        ['log', '--json'],
        ['show', 'web/site'],
        ['show', 'web/site', '--json'],
        ['diff', 'web/site', '--json'],
        ['plan', site, '--json'],
        ['plan', site],
        ['secret', 'list', site, '--json'],
      ])
        await chorus(node, argv)
    }
    await Promise.all(mesh.nodes.map((node) => node.stop()))
    const forms = [VALUE, NEXT].flatMap((value) => [
      value,
      value.toUpperCase(),
      Buffer.from(value).toString('hex'),
      Buffer.from(value).toString('base64').slice(0, -4),
    ])
    const found = (bytes: Buffer): string[] => forms.filter((form) => bytes.includes(form))
    expect(found(Buffer.from(printed.join('\n')))).toEqual([])
    expect(found(link.recorded)).toEqual([])
    expect(link.recorded.length).toBeGreaterThan(20_000)
    const places = filesBelow(mesh.dir).filter((path) => found(readFileSync(join(mesh.dir, path))).length > 0)
    // What was overwritten is kept in the node's own backup store (0700), the old value with it.
    const backups = places.filter((path) => /^n[2345]\/backup\//.test(path))
    expect(backups.every((path) => !readFileSync(join(mesh.dir, path)).includes(NEXT))).toBe(true)
    const managed = ['n2', 'n3', 'n4', 'n5'].flatMap((name) => [`out/${name}/conf`, `out/${name}/key`])
    expect(places.filter((path) => !backups.includes(path)).sort()).toEqual(managed)
  })
})

function filesBelow(dir: string): string[] {
  return readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(dir.length + 1))
}
