import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ExplainOutput } from '../../cli-tui/commands/explain.ts'
import type { NodesOutput } from '../../cli-tui/commands/nodes.ts'
import type { PlanOutput } from '../../cli-tui/commands/plan.ts'
import type { ShowResolvedOutput } from '../../cli-tui/commands/show-resolved.ts'
import type { StatusOutput } from '../../cli-tui/commands/status.ts'
import type { WhyOutput } from '../../cli-tui/commands/why.ts'
import { eventually, Typed } from '../support/typed.ts'
import type { Ran } from '../support/typed.ts'

/** What an operator asks when a policy is not what was expected: two nodes on one machine, each command a process. */
const typed = new Typed()
const { dir } = typed
const chorus = (...argv: string[]): Ran => typed.chorus('first', ...argv)
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- names the shape once, at the call
const json = <T>(...argv: string[]): T => typed.json<T>('first', ...argv)

const put = (path: string, text: string): void => {
  mkdirSync(dirname(join(dir, path)), { recursive: true })
  writeFileSync(join(dir, path), text)
}
const site = (more = '', head = ''): void =>
  put(
    'site/policy.yaml',
    `policy: web/site
select: labels.role == 'web' && facts.os.family == 'linux'
${head}vars: { port: 80 }
data: [data/common.yaml, "data/\${labels.env}.yaml"]
resources:
  file/conf: { path: "${dir}/out/\${node.name}/conf", content: "port \${vars.port}\\n" }
  file/prod: { path: "${dir}/out/\${node.name}/prod", content: x, when: "labels.env == 'prod'", onRemove: undo }
${more}`,
  )

beforeAll(async () => {
  typed.quiet('first')
  typed.quiet('web-1')
  typed.json('first', 'init', 'prod', '--name', 'first', '--label', 'role=web', '--label', 'env=prod')
  await typed.up('first')
  const invited = chorus('invite', '--name', 'web-1', '--label', 'role=web', '--label', 'env=dev')
  expect(typed.chorus('web-1', 'join', invited.out.trim()).code).toBe(0)
  await typed.up('web-1')
  await eventually('both are heard', () => {
    const { nodes } = json<NodesOutput>('nodes')
    return nodes.length === 2 && nodes.every(({ state }) => state !== 'unknown')
  })
  site()
  put('site/data/common.yaml', 'port: 8080\n')
  put('site/data/prod.yaml', '# the real one\nport: 443\n')
  expect(chorus('publish', join(dir, 'site'))).toMatchObject({ code: 0 })
  await eventually('both run it', () =>
    json<NodesOutput>('nodes').nodes.every(({ policies }) => policies['web/site']?.state === 'ok'),
  )
})
afterAll(() => typed.close())

describe('why', () => {
  it('takes select apart for a node, with what its names are there', () => {
    const { policies } = json<WhyOutput>('why', 'web-1')
    expect(policies).toMatchObject([
      {
        policy: 'web/site',
        selected: true,
        verdict: 'in force',
        select: { holds: true, joins: 'all', terms: [{ text: "labels.role == 'web'", holds: true }, { holds: true }] },
      },
    ])
    expect(chorus('why', 'web-1').out).toMatch(/✓ labels\.role == 'web' +labels\.role = web/)
  })

  it('says of a resource where each value comes from, also on another node', () => {
    const found = (node: string, key: string) => json<WhyOutput>('why', node, key).resource?.found[0]
    expect(found('first', 'file/conf')?.attributes.find(({ attr }) => attr === 'content')?.origins).toEqual([
      { name: 'vars.port', value: 443, from: 'data/prod.yaml' },
    ])
    expect(found('web-1', 'file/conf')?.attributes.find(({ attr }) => attr === 'content')?.origins).toEqual([
      { name: 'vars.port', value: 8080, from: 'data/common.yaml' },
    ])
    expect(found('web-1', 'file/prod')).toMatchObject({ present: false, when: { holds: false } })
    const names = json<WhyOutput>('why', 'web-1').policies.map(({ policy }) => policy)
    const [one = ''] = names
    expect(json<WhyOutput>('why', 'web-1', one)).toMatchObject({ policies: [{ policy: one }], resource: null })
    expect(chorus('why', 'web-1', `${one}x`).err).toContain(`did you mean "${one}"?`)
    const wrong = chorus('why', 'web-1', 'file/cnof')
    expect([wrong.code, wrong.err]).toEqual([1, expect.stringContaining('did you mean "file/conf"?')])
  })
})

describe('explain and show --resolved', () => {
  it('name the line that won on a node', () => {
    const explained = json<ExplainOutput>('explain', 'vars.port', join(dir, 'site'), '--node', 'first')
    expect(explained.layers.at(-1)).toMatchObject({ file: 'data/prod.yaml', line: 2, says: 'gives', value: 443 })
    expect(json<ExplainOutput>('explain', 'port', '--policy', 'web/site', '--node', 'web-1').value).toBe(8080)
  })

  it('show the resources of another node as it has them', () => {
    const { policies } = json<ShowResolvedOutput>('show', 'web/site', '--resolved', '--node', 'web-1')
    expect(policies[0]?.resources.map(({ key, attrs }) => [key, attrs['content']])).toEqual([
      ['file/conf', 'port 8080\n'],
    ])
    const first = json<ShowResolvedOutput>('show', '--resolved')
    expect(first.policies[0]?.resources.map(({ key }) => key)).toEqual(['file/conf', 'file/prod'])
  })
})

describe('plan', () => {
  it('shows per kind of node what is new, what changes, and what becomes unmanaged', () => {
    site('  file/new: { path: "/tmp/none/new", content: x }\n', '')
    put('site/data/common.yaml', 'port: 8081\n')
    const text = readFileSync(join(dir, 'site/policy.yaml'), 'utf8').replace(/ {2}file\/prod.*\n/, '')
    put('site/policy.yaml', text)
    const { fleet } = json<PlanOutput>('plan', join(dir, 'site'))
    expect(fleet?.combinations).toMatchObject([
      {
        labels: { env: 'prod' },
        nodes: ['first'],
        vars: { port: 443 },
        added: ['file/new'],
        changed: [],
        unmanaged: [{ key: 'file/prod', onRemove: 'undo' }],
      },
      { labels: { env: 'dev' }, nodes: ['web-1'], vars: { port: 8081 }, changed: ['file/conf'], unmanaged: [] },
    ])
    const { out } = chorus('plan', join(dir, 'site'))
    expect(out).toContain('- gone      file/prod (taken back)')
    expect(out).toContain('port = 8081')
    site()
    put('site/data/common.yaml', 'port: 8080\n')
  })
})

describe('two policies that claim the same', () => {
  const rival = (head: string, content = 'mine'): void =>
    put(
      'rival/policy.yaml',
      `policy: app/rival\nselect: node.name == 'first'\n${head}resources:\n  file/mine: { path: "${dir}/out/\${node.name}/conf", content: "${content}\\n" }\n`,
    )
  const conf = (): string => readFileSync(join(dir, 'out/first/conf'), 'utf8')

  it('with the same content are one', async () => {
    rival('', 'port 443')
    expect(chorus('publish', join(dir, 'rival')).code).toBe(0)
    await eventually('both are ok', () => {
      const { policies } = json<StatusOutput>('status')
      return policies.length === 2 && policies.every(({ state }) => state === 'ok')
    })
  })

  it('with different content are refused at publish, unless somebody says who wins', () => {
    rival('')
    const refused = chorus('publish', join(dir, 'rival'))
    expect([refused.code, refused.err]).toEqual([
      1,
      expect.stringMatching(/file\/mine of app\/rival wins over file\/conf of web\/site[\s\S]*E_POLICY/),
    ])
    expect(conf()).toBe('port 443\n')
  })

  it('are found on whatever node they meet, also among nodes that are all the same to the new policy', () => {
    const path = `${dir}/out/web-1/conf`
    put(
      'all/policy.yaml',
      `policy: app/all\nselect: "true"\nresources:\n  file/fixed: { path: "${path}", content: x }\n`,
    )
    const refused = chorus('publish', join(dir, 'all'))
    expect([refused.code, refused.err]).toEqual([1, expect.stringContaining('(on web-1)')])
  })

  it('published all the same have one winner, by priority and then by name, and the conflict is shown everywhere', async () => {
    rival('priority: 900\n')
    const published = chorus('publish', join(dir, 'rival'))
    expect([published.code, published.err]).toEqual([0, expect.stringContaining('by priority')])
    await eventually('the conflict is in the status', () => {
      const ran = chorus('status', '--json')
      return (JSON.parse(ran.out) as StatusOutput).policies.some(
        ({ policy, code }) => policy === 'app/rival' && code === 'E_CONFLICT',
      )
    })
    expect(conf()).toBe('port 443\n')
    await eventually('others see it, too', () =>
      typed
        .json<NodesOutput>('web-1', 'nodes')
        .nodes.some(({ policies }) => policies['app/rival']?.code === 'E_CONFLICT'),
    )
    const { resource } = json<WhyOutput>('why', 'first', 'file/mine')
    expect(resource?.found[0]?.claims).toMatchObject([{ winner: { policy: 'web/site' }, equal: false, decided: true }])
    rival('priority: 1\n')
    expect(chorus('publish', join(dir, 'rival')).code).toBe(0)
    await eventually('the other one wins now', () => conf() === 'mine\n')
  })
})
