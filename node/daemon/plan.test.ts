import { describe, expect, it } from 'vitest'
import { build } from '../../test/support/policy.ts'
import { join, meshOf, Probe } from '../../test/support/probe.ts'
import { actor } from '../../test/support/tools.ts'
import { evaluateSelector } from '../../policies/index.ts'
import type { Grant, PolicyToApply } from '../core/index.ts'
import { grantTo } from '../core/index.ts'
import type { NodeWorld } from '../control/views/world.ts'
import { NodeError } from '../errors.ts'
import { planFor } from './plan.ts'

const n1 = actor('n1')

/** n1 (no labels), w1 and w2 (web), d1 (db); n1 asks. */
function world(grants: readonly Grant[]): NodeWorld {
  const scene = meshOf({ grants })
  for (const [name, role, env] of [
    ['w1', 'web', 'prod'],
    ['w2', 'web', 'dev'],
    ['d1', 'db', 'prod'],
  ] as const) {
    join(scene, name, { role, env })
  }
  const selects = (selector: string, { labels, name }: { labels: Readonly<Record<string, string>>; name: string }) =>
    evaluateSelector(selector, { labels, facts: {}, node: { name, id: '' } }).selected
  const { engine, now } = new Probe('n1', scene.records, scene.now, { selects })
  return {
    view: engine.view,
    self: n1.key,
    instance: 'n1-1',
    agent: 'chorus/0.1.0',
    observe: false,
    presence: 'always',
    startedAt: now,
    addrs: [],
    peers: [],
    facts: {},
  }
}

async function planned(grants: readonly Grant[], select: string) {
  const { bundle } = build(
    `policy: web/site\nselect: ${JSON.stringify(select)}\nresources:\n  file/a: { path: /tmp/a, content: x }\n`,
  )
  const blocks = new Map([...bundle.blocks].map(({ cid, bytes }) => [cid, bytes]))
  const read = async (cid: string): Promise<Uint8Array> => {
    const bytes = blocks.get(cid)
    if (bytes === undefined) throw new NodeError('E_NOT_FOUND', `no ${cid}`)
    return bytes
  }
  const asked: PolicyToApply[] = []
  const view = await planFor(
    world(grants),
    {
      async plan(extra) {
        if (extra !== null) asked.push(extra)
        return { outcomes: [] }
      },
    },
    {
      has: async (cid) => blocks.has(cid),
      read,
      async *readChunks(chunks) {
        for (const cid of chunks) yield await read(cid)
      },
    },
    { bundle: { cid: bundle.root.cid, size: bundle.size }, policy: null },
  )
  return { ...view, names: view.matches.map(({ name }) => name), asked }
}

describe('a plan', () => {
  it('matches the nodes that both the policy and the grant of this node choose', async () => {
    const grants = [grantTo(n1.key, { policies: ['web/*'], selector: "labels.env == 'prod'" })]
    expect((await planned(grants, "labels.role == 'web'")).names).toEqual(['w1'])
    expect((await planned(grants, 'true')).names).toEqual(['d1', 'w1'])
  })

  it('looks at the grants that cover the policy, and at no others', async () => {
    const grants = [
      grantTo(n1.key, { policies: ['db/*'] }),
      grantTo(n1.key, { policies: ['web/*'], verbs: ['retire'] }),
      grantTo(n1.key, { policies: ['web/*'], selector: "labels.role == 'db'" }),
      grantTo(actor('w1').key),
    ]
    expect((await planned(grants, 'true')).names).toEqual(['d1'])
  })

  it('says when this node matches and its grant does not let it publish here', async () => {
    const plan = await planned([grantTo(n1.key, { selector: "labels.role == 'web'" })], 'true')
    expect(plan).toMatchObject({ selected: false, names: ['w1', 'w2'], asked: [] })
    expect(plan.why).toMatch(/no grant of its key/)
  })

  it('shows whom the policy chooses, with a note, where nothing may be published', async () => {
    const plan = await planned([grantTo(actor('w1').key)], "labels.role == 'web'")
    expect(plan).toMatchObject({ names: ['w1', 'w2'], note: expect.stringMatching(/No grant lets this node/) })
  })

  it('is confined as the version would be', async () => {
    const { asked, selected } = await planned([grantTo(n1.key, { paths: ['/srv/*'] })], 'true')
    expect(selected).toBe(true)
    expect(asked).toMatchObject([{ types: null, paths: ['/srv/*'] }])
  })
})
