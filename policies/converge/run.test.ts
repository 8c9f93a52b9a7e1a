import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { inForce, lines, resource, states } from '../testing/converge.ts'
import { file, Lab, motd, told } from '../testing/lab.ts'
import type { MemoryHostOptions } from '../testing/memory-host.ts'

const sha256 = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest()
const setup = (options: Partial<MemoryHostOptions> = {}): Lab => new Lab({ sha256, ...options })

describe('a run', () => {
  it('changes what is new, keeps what is right, and repairs what drifted', async () => {
    const lab = setup()
    const policies = [inForce('web/site', [motd('hello\n')])]
    expect(lines((await lab.runs.run(policies)).outcomes)).toEqual([
      'web/site file/motd changed wanted: new file, 6 bytes',
    ])
    const writes = lab.host.tree.writes
    const second = await lab.runs.run(policies)
    expect(lines(second.outcomes)).toEqual(['web/site file/motd kept: as it should be'])
    expect([second.changed, second.converged, lab.host.tree.writes]).toEqual([false, true, writes])
    lab.put('/etc/motd', 'hacked\n')
    const third = await lab.runs.run(policies)
    expect(lines(third.outcomes)).toEqual(['web/site file/motd repaired corrective: new content'])
    expect(third.outcomes[0]?.diff).toBe('--- /etc/motd\n+++ /etc/motd\n@@ -1,1 +1,1 @@\n-hacked\n+hello\n')
    expect(lab.text('/etc/motd')).toBe('hello\n')
    expect(lines((await lab.runs.run([inForce('web/site', [motd('bye\n')])])).outcomes)).toEqual([
      'web/site file/motd changed wanted: new content',
    ])
  })

  it('plans by the same path, and touches nothing', async () => {
    const lab = setup()
    const policies = [inForce('web/site', [motd('hello\n'), file('a', { notify: ['exec/reload'] }), told('reload')])]
    const { writes } = lab.host.tree
    const plan = await lab.runs.plan(policies)
    expect(lab.host.tree.writes).toBe(writes)
    const run = await lab.runs.run(policies)
    expect(lines(plan.outcomes)).toEqual(lines(run.outcomes))
    expect(plan.outcomes[0]?.diff).toBe('--- /dev/null\n+++ /etc/motd\n@@ -0,0 +1,1 @@\n+hello\n')
    expect(plan.changed).toBe(true)
  })

  it('tells each resource once, after all who tell it, and only of a real change', async () => {
    const lab = setup()
    const policies = [
      inForce('web/site', [
        told('reload', { subscribe: ['file/c'] }),
        file('a', { notify: ['exec/reload'] }),
        file('b', { notify: ['exec/reload'] }),
        file('c'),
      ]),
    ]
    const first = await lab.runs.run(policies)
    expect(states(first.outcomes)).toEqual([
      'exec/reload changed',
      'file/a changed',
      'file/b changed',
      'file/c changed',
    ])
    expect(lab.commands).toEqual(['/bin/reload'])
    expect(states((await lab.runs.run(policies)).outcomes)).toEqual([
      'exec/reload kept',
      'file/a kept',
      'file/b kept',
      'file/c kept',
    ])
    expect(lab.commands).toEqual(['/bin/reload'])
  })

  it('still tells in the next run what could not be told in this one', async () => {
    let code = 1
    const lab = setup({ exec: () => ({ code, output: 'no luck' }) })
    const policies = [inForce('web/site', [file('a', { notify: ['exec/reload'] }), told('reload')])]
    expect(lines((await lab.runs.run(policies)).outcomes)[1]).toBe(
      'web/site exec/reload failed wanted E_EXIT: /bin/reload ended with exit code 1: no luck',
    )
    code = 0
    expect(states((await lab.runs.run(policies)).outcomes)).toEqual(['file/a kept', 'exec/reload changed'])
    expect(states((await lab.runs.run(policies)).outcomes)).toEqual(['file/a kept', 'exec/reload kept'])
    expect(lab.commands).toHaveLength(2)
  })

  it('skips what depends on a failure, names the cause, and goes on elsewhere', async () => {
    const lab = setup({ exec: () => ({ code: 3 }) })
    const broken = resource('web/site', 'exec/build', { argv: ['/bin/build'], creates: '/srv/out' })
    const policies = [
      inForce('web/site', [
        file('last', { require: ['file/next'] }),
        file('next', { require: ['exec/build'] }),
        broken,
        file('other'),
      ]),
    ]
    expect(lines((await lab.runs.run(policies)).outcomes)).toEqual([
      'web/site file/last skipped E_DEPENDENCY: exec/build, which comes first, failed',
      'web/site file/next skipped E_DEPENDENCY: exec/build, which comes first, failed',
      'web/site exec/build failed wanted E_EXIT: /bin/build ended with exit code 3',
      'web/site file/other changed wanted: new file, 6 bytes',
    ])
  })

  it('names everyone in a circle, and goes on elsewhere', async () => {
    const lab = setup()
    const policies = [
      inForce('web/site', [
        file('a', { require: ['file/b'] }),
        file('b', { require: ['file/c'] }),
        file('c', { require: ['file/a'] }),
        file('after', { require: ['file/c'] }),
        file('free'),
      ]),
    ]
    const { outcomes } = await lab.runs.run(policies)
    expect(states(outcomes)).toEqual([
      'file/a failed',
      'file/b failed',
      'file/c failed',
      'file/after skipped',
      'file/free changed',
    ])
    expect(outcomes[0]?.reason).toBe('resources wait for each other in a circle: file/a -> file/c -> file/b -> file/a')
    expect(outcomes[0]?.code).toBe('E_CYCLE')
  })

  it('drops an automatic edge that would close a circle', async () => {
    const lab = setup()
    const policies = [
      inForce('web/site', [
        resource('web/site', 'file/folder', { path: '/srv/x', directory: true }, { require: ['file/inner'] }),
        resource('web/site', 'file/inner', { path: '/srv/x/inner', content: 'i' }),
      ]),
    ]
    expect(states((await lab.runs.run(policies)).outcomes)).toEqual(['file/folder kept', 'file/inner changed'])
    expect(lab.text('/srv/x/inner')).toBe('i')
  })

  it('puts a folder before what is in it, and one policy before another', async () => {
    const order: string[] = []
    const lab = setup({ exec: (argv) => (order.push(argv[0] ?? ''), {}) })
    const run = (policy: string, name: string) =>
      resource(policy, `exec/${name}`, { argv: [`/bin/${name}`], onlyif: ['/bin/true'] })
    const policies = [
      inForce('app/shop', [run('app/shop', 'shop')], { after: ['base/apt'] }),
      inForce('base/apt', [
        run('base/apt', 'apt'),
        resource('base/apt', 'file/inner', { path: '/srv/deep/inner', content: 'x' }),
        resource('base/apt', 'file/deep', { path: '/srv/deep', directory: true, mode: '0700' }),
      ]),
    ]
    const { outcomes } = await lab.runs.run(policies)
    expect(lines(outcomes)).toEqual([
      'app/shop exec/shop changed wanted: run /bin/shop',
      'base/apt exec/apt changed wanted: run /bin/apt',
      'base/apt file/inner changed wanted: new file, 1 bytes',
      'base/apt file/deep changed wanted: new folder',
    ])
    expect(order.filter((name) => name !== '/bin/true')).toEqual(['/bin/apt', '/bin/shop'])
  })

  it('merges equal claims, and lets the first policy by name win over a differing one', async () => {
    const lab = setup()
    const policies = [
      inForce('b/two', [
        { ...motd('one\n', 'b/two'), notify: ['exec/b'] },
        resource('b/two', 'exec/b', { argv: ['/bin/b'], notifyOnly: true }),
      ]),
      inForce('a/one', [motd('one\n', 'a/one')]),
      inForce('c/three', [
        motd('three\n', 'c/three'),
        resource('c/three', 'file/x', { path: '/srv/x', content: '' }, { require: ['file/motd'] }),
      ]),
    ]
    expect(lines((await lab.runs.run(policies)).outcomes)).toEqual([
      'a/one file/motd changed wanted: new file, 4 bytes',
      'b/two file/motd changed wanted: the same as file/motd of a/one: new file, 4 bytes',
      'b/two exec/b changed wanted: run /bin/b',
      'c/three file/motd failed E_CONFLICT: /etc/motd is claimed by file/motd of a/one too, with other attributes; that one is in force',
      'c/three file/x skipped E_DEPENDENCY: file/motd, which comes first, failed',
    ])
    expect(lab.text('/etc/motd')).toBe('one\n')
    expect(lab.commands).toEqual(['/bin/b'])
  })

  it('never shows what is sensitive, also if an equal claim is', async () => {
    const lab = setup({ exec: () => ({ code: 1, output: 'hunter2' }) })
    lab.put('/etc/motd', 'old hunter2\n')
    const policies = [
      inForce('a/one', [motd('hunter2\n', 'a/one')]),
      inForce('b/two', [
        { ...motd('hunter2\n', 'b/two'), sensitive: true },
        resource('b/two', 'exec/x', { argv: ['/bin/login', 'hunter2'], creates: '/x' }, { sensitive: true }),
      ]),
    ]
    const plan = await lab.runs.plan(policies)
    const run = await lab.runs.run(policies)
    expect(JSON.stringify([plan.outcomes, run.outcomes, run.memory])).not.toContain('hunter2')
    expect(run.outcomes[0]?.state).toBe('changed')
  })

  it('reports a noop resource without changing it or telling anybody', async () => {
    const lab = setup()
    const policies = [inForce('web/site', [file('a', { noop: true, notify: ['exec/reload'] }), told('reload')])]
    const { outcomes } = await lab.runs.run(policies)
    expect(lines(outcomes)[0]).toBe('web/site file/a skipped: noop is set, nothing is changed: new file, 2 bytes')
    expect([lab.text('/srv/a'), lab.commands]).toEqual([undefined, []])
  })

  it('applies nothing of a policy with an invalid resource, and undoes nothing of it', async () => {
    const lab = setup()
    await lab.runs.run([inForce('web/site', [motd('hi\n'), file('old', { onRemove: 'undo' })])])
    const invalid = resource('web/site', 'file/bad', { path: 'relative', content: 'x' })
    const { outcomes } = await lab.runs.run([inForce('web/site', [motd('other\n'), invalid])])
    expect(states(outcomes)).toEqual(['file/motd skipped', 'file/bad failed'])
    expect(outcomes[0]?.reason).toBe('nothing of web/site is applied, because file/bad is not valid')
    expect([lab.text('/etc/motd'), lab.text('/srv/old')]).toEqual(['hi\n', 'old\n'])
  })
})
