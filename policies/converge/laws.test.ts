import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ResolvedResource } from '../model.ts'
import { contentOf } from '../testing/contents.ts'
import { inForce, resource, Runs } from '../testing/converge.ts'
import { MemoryHost } from '../testing/memory-host.ts'
import { breakCycles } from './cycles.ts'
import type { Edge, EdgeKind } from './graph.ts'

const sha256 = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest()
const content = contentOf({ 'site/a': 'a', 'site/b/c': 'c', 'site/b/d.sh': 'd', one: 'one' }, sha256)

const mode = fc.constantFrom('0644', '0600', '4755')
const state = fc.oneof(
  fc.record({ content: fc.string({ maxLength: 5 }) }),
  fc.record({ content: fc.constant('x'), mode }),
  fc.constant({ source: 'one' }),
  fc.constant({ directory: true }),
  fc.record({ directory: fc.constant(true), source: fc.constant('site'), purge: fc.boolean() }),
  fc.record({ link: fc.constantFrom('/etc', 'x', '../b') }),
  fc.record({ absent: fc.constant(true), recursive: fc.boolean() }),
  fc.record({ mode }),
)
const path = fc
  .array(fc.constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 3 })
  .map((parts) => `/srv/${parts.join('/')}`)
const files = fc.uniqueArray(fc.record({ path, state, undo: fc.boolean() }), {
  maxLength: 8,
  selector: (one) => one.path,
})
const before = fc.array(fc.record({ path, kind: fc.constantFrom('file', 'folder', 'link', 'other') }), { maxLength: 8 })

type Files = typeof files extends fc.Arbitrary<infer T> ? T : never

/** What one resource takes away, or makes something else than a folder, another cannot put things into. */
function sensible(list: Files): Files {
  const closed = list.filter(({ state }) => !('directory' in state)).map((one) => one.path)
  const trees = list.filter(({ state }) => 'source' in state && 'directory' in state).map((one) => one.path)
  return list.filter((one) => ![...closed, ...trees].some((path) => one.path.startsWith(`${path}/`)))
}

function asResources(list: Files): ResolvedResource[] {
  return list.map((one) =>
    resource('p', `file/${one.path}`, { path: one.path, ...one.state }, { onRemove: one.undo ? 'undo' : 'leave' }),
  )
}

function hostWith(things: typeof before extends fc.Arbitrary<infer T> ? T : never): MemoryHost {
  const host = new MemoryHost({ sha256, now: () => 1_800_000_000_000 })
  host.mkdir('/srv', { mode: 0o755, uid: 0, gid: 0 })
  for (const { path, kind } of things) {
    const parent = path.slice(0, path.lastIndexOf('/'))
    if (host.tree.things.get(parent)?.kind !== 'folder') continue
    const bytes = new TextEncoder().encode(kind === 'file' ? 'was here' : '')
    host.tree.put(path, {
      kind,
      mode: kind === 'link' ? 0o777 : 0o755,
      uid: 0,
      gid: 0,
      bytes,
      target: kind === 'link' ? '/etc' : '',
    })
  }
  return host
}

/** Everything about a host but inode numbers. */
const picture = (host: MemoryHost): readonly unknown[] =>
  [...host.tree.things.keys()].sort().map((at) => ({ at, ...host.tree.things.get(at), ino: 0 }))

describe('laws of converging', () => {
  it('a second run changes nothing, whatever the first one found', async () => {
    await fc.assert(
      fc.asyncProperty(before, files, async (things, list) => {
        const host = hostWith(things)
        const runs = new Runs(host, { content })
        const policies = [inForce('p', asResources(sensible(list)))]
        await runs.run(policies)
        const { writes } = host.tree
        const { memory } = runs
        const second = await runs.run(policies)
        expect(second.outcomes.filter(({ state }) => state === 'changed' || state === 'repaired')).toEqual([])
        expect(host.tree.writes).toBe(writes)
        expect(second.memory).toEqual(memory)
      }),
      { numRuns: 300 },
    )
  })

  it('a plan writes nothing, and says what the run then does', async () => {
    await fc.assert(
      fc.asyncProperty(before, files, async (things, list) => {
        const host = hostWith(things)
        const runs = new Runs(host, { content })
        const policies = [inForce('p', asResources(sensible(list)))]
        const { writes } = host.tree
        const plan = await runs.plan(policies)
        expect(host.tree.writes).toBe(writes)
        const run = await runs.run(policies)
        // A plan cannot know that a change will fail, and is not told of what another resource will have made by then.
        for (const [i, { state }] of plan.outcomes.entries()) {
          if (state === 'kept') expect(['kept', 'skipped']).toContain(run.outcomes[i]?.state)
          if (run.outcomes[i]?.state === 'changed') expect(['changed', 'waiting']).toContain(state)
        }
      }),
      { numRuns: 300 },
    )
  })

  it('what is undone leaves the host as it was', async () => {
    await fc.assert(
      fc.asyncProperty(before, files, async (things, list) => {
        // Devices, pipes and sockets that were removed cannot come back.
        const host = hostWith(things.filter(({ kind }) => kind !== 'other'))
        const runs = new Runs(host, { content })
        const undone = sensible(list)
          .filter(({ state }) => !('mode' in state))
          .map((one) => ({ ...one, undo: true }))
        const was = picture(host)
        await runs.run([inForce('p', asResources(undone))])
        await runs.run([])
        expect(picture(host)).toEqual(was)
      }),
      { numRuns: 300 },
    )
  })

  it('order is kept by every edge that is left, and only circles lose any', () => {
    const kind = fc.constantFrom<EdgeKind>('need', 'auto', 'order')
    const node = fc.nat({ max: 7 })
    const edges = fc
      .array(fc.record({ from: node, to: node, kind }), { maxLength: 24 })
      .map((list) => list.filter(({ from, to }) => from !== to))
    fc.assert(
      fc.property(edges, (list: Edge[]) => {
        const { kept, circles } = breakCycles(8, list)
        expect(orderOf(kept)).toHaveLength(8)
        if (orderOf(list).length === 8) expect([kept, circles]).toEqual([list, []])
        for (const circle of circles) {
          for (const [i, from] of circle.entries()) {
            const to = circle[(i + 1) % circle.length]
            expect(list.some((edge) => edge.from === from && edge.to === to && edge.kind !== 'auto')).toBe(true)
          }
        }
      }),
      { numRuns: 500 },
    )
  })
})

/** The nodes that can be put in order. */
function orderOf(edges: readonly Edge[]): number[] {
  const order: number[] = []
  for (;;) {
    const next = Array.from({ length: 8 }, (_, i) => i).find(
      (node) => !order.includes(node) && edges.every(({ from, to }) => to !== node || order.includes(from)),
    )
    if (next === undefined) return order
    order.push(next)
  }
}
