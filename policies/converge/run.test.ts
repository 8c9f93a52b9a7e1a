import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { ExecOptions, ExecResult } from '../host.ts'
import { MemoryHost, type MemoryHostOptions } from '../testing/memory-host.ts'
import { inForce, lines, resource, Runs, states } from '../testing/converge.ts'

const sha256 = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest()

function setup(options: Partial<MemoryHostOptions> = {}) {
  const time = { ms: 1_800_000_000_000 }
  const commands: string[] = []
  const exec = async (argv: readonly string[], how: ExecOptions): Promise<Partial<ExecResult>> => {
    commands.push(argv.join(' '))
    return (await options.exec?.(argv, how)) ?? {}
  }
  const host = new MemoryHost({ sha256, now: () => time.ms, users: { root: 0, alice: 1000 }, ...options, exec })
  for (const folder of ['/etc', '/srv']) host.mkdir(folder, { mode: 0o755, uid: 0, gid: 0 })
  const text = (path: string): string | undefined => {
    const bytes = host.tree.things.get(path)?.bytes
    return bytes === undefined ? undefined : new TextDecoder().decode(bytes)
  }
  const put = (path: string, content: string, mode = 0o644): void =>
    host.tree.put(path, { kind: 'file', mode, uid: 0, gid: 0, bytes: new TextEncoder().encode(content), target: '' })
  return { host, runs: new Runs(host), time, commands, text, put }
}

const motd = (content: string, policy = 'web/site') => resource(policy, 'file/motd', { path: '/etc/motd', content })
const file = (name: string, more: Parameters<typeof resource>[3] = {}) =>
  resource('web/site', `file/${name}`, { path: `/srv/${name}`, content: `${name}\n` }, more)
const told = (name: string, more: Parameters<typeof resource>[3] = {}) =>
  resource('web/site', `exec/${name}`, { argv: [`/bin/${name}`], notifyOnly: true }, more)

describe('a run', () => {
  it('changes what is new, keeps what is right, and repairs what drifted', async () => {
    const { runs, host, text, put } = setup()
    const policies = [inForce('web/site', [motd('hello\n')])]
    expect(lines((await runs.run(policies)).outcomes)).toEqual(['web/site file/motd changed wanted: new file, 6 bytes'])
    const writes = host.tree.writes
    const second = await runs.run(policies)
    expect(lines(second.outcomes)).toEqual(['web/site file/motd kept: as it should be'])
    expect([second.changed, second.converged, host.tree.writes]).toEqual([false, true, writes])
    put('/etc/motd', 'hacked\n')
    const third = await runs.run(policies)
    expect(lines(third.outcomes)).toEqual(['web/site file/motd repaired corrective: new content'])
    expect(third.outcomes[0]?.diff).toBe('--- /etc/motd\n+++ /etc/motd\n@@ -1,1 +1,1 @@\n-hacked\n+hello\n')
    expect(text('/etc/motd')).toBe('hello\n')
    expect(lines((await runs.run([inForce('web/site', [motd('bye\n')])])).outcomes)).toEqual([
      'web/site file/motd changed wanted: new content',
    ])
  })

  it('plans by the same path, and touches nothing', async () => {
    const { runs, host } = setup()
    const policies = [inForce('web/site', [motd('hello\n'), file('a', { notify: ['exec/reload'] }), told('reload')])]
    const { writes } = host.tree
    const plan = await runs.plan(policies)
    expect(host.tree.writes).toBe(writes)
    const run = await runs.run(policies)
    expect(lines(plan.outcomes)).toEqual(lines(run.outcomes))
    expect(plan.outcomes[0]?.diff).toBe('--- /dev/null\n+++ /etc/motd\n@@ -0,0 +1,1 @@\n+hello\n')
    expect(plan.changed).toBe(true)
  })

  it('tells each resource once, after all who tell it, and only of a real change', async () => {
    const { runs, commands } = setup()
    const policies = [
      inForce('web/site', [
        told('reload', { subscribe: ['file/c'] }),
        file('a', { notify: ['exec/reload'] }),
        file('b', { notify: ['exec/reload'] }),
        file('c'),
      ]),
    ]
    const first = await runs.run(policies)
    expect(states(first.outcomes)).toEqual([
      'exec/reload changed',
      'file/a changed',
      'file/b changed',
      'file/c changed',
    ])
    expect(commands).toEqual(['/bin/reload'])
    expect(states((await runs.run(policies)).outcomes)).toEqual([
      'exec/reload kept',
      'file/a kept',
      'file/b kept',
      'file/c kept',
    ])
    expect(commands).toEqual(['/bin/reload'])
  })

  it('still tells in the next run what could not be told in this one', async () => {
    let code = 1
    const { runs, commands } = setup({ exec: () => ({ code, output: 'no luck' }) })
    const policies = [inForce('web/site', [file('a', { notify: ['exec/reload'] }), told('reload')])]
    expect(lines((await runs.run(policies)).outcomes)[1]).toBe(
      'web/site exec/reload failed wanted E_EXIT: /bin/reload ended with exit code 1: no luck',
    )
    code = 0
    expect(states((await runs.run(policies)).outcomes)).toEqual(['file/a kept', 'exec/reload changed'])
    expect(states((await runs.run(policies)).outcomes)).toEqual(['file/a kept', 'exec/reload kept'])
    expect(commands).toHaveLength(2)
  })

  it('skips what depends on a failure, names the cause, and goes on elsewhere', async () => {
    const { runs } = setup({ exec: () => ({ code: 3 }) })
    const broken = resource('web/site', 'exec/build', { argv: ['/bin/build'], creates: '/srv/out' })
    const policies = [
      inForce('web/site', [
        file('last', { require: ['file/next'] }),
        file('next', { require: ['exec/build'] }),
        broken,
        file('other'),
      ]),
    ]
    expect(lines((await runs.run(policies)).outcomes)).toEqual([
      'web/site file/last skipped E_DEPENDENCY: exec/build, which comes first, failed',
      'web/site file/next skipped E_DEPENDENCY: exec/build, which comes first, failed',
      'web/site exec/build failed wanted E_EXIT: /bin/build ended with exit code 3',
      'web/site file/other changed wanted: new file, 6 bytes',
    ])
  })

  it('names everyone in a circle, and goes on elsewhere', async () => {
    const { runs } = setup()
    const policies = [
      inForce('web/site', [
        file('a', { require: ['file/b'] }),
        file('b', { require: ['file/c'] }),
        file('c', { require: ['file/a'] }),
        file('after', { require: ['file/c'] }),
        file('free'),
      ]),
    ]
    const { outcomes } = await runs.run(policies)
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
    const { runs, text } = setup()
    const policies = [
      inForce('web/site', [
        resource('web/site', 'file/folder', { path: '/srv/x', directory: true }, { require: ['file/inner'] }),
        resource('web/site', 'file/inner', { path: '/srv/x/inner', content: 'i' }),
      ]),
    ]
    expect(states((await runs.run(policies)).outcomes)).toEqual(['file/folder kept', 'file/inner changed'])
    expect(text('/srv/x/inner')).toBe('i')
  })

  it('puts a folder before what is in it, and one policy before another', async () => {
    const order: string[] = []
    const { runs } = setup({ exec: (argv) => (order.push(argv[0] ?? ''), {}) })
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
    const { outcomes } = await runs.run(policies)
    expect(lines(outcomes)).toEqual([
      'app/shop exec/shop changed wanted: run /bin/shop',
      'base/apt exec/apt changed wanted: run /bin/apt',
      'base/apt file/inner changed wanted: new file, 1 bytes',
      'base/apt file/deep changed wanted: new folder',
    ])
    expect(order.filter((name) => name !== '/bin/true')).toEqual(['/bin/apt', '/bin/shop'])
  })

  it('merges equal claims, and lets the first policy by name win over a differing one', async () => {
    const { runs, text, commands } = setup()
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
    expect(lines((await runs.run(policies)).outcomes)).toEqual([
      'a/one file/motd changed wanted: new file, 4 bytes',
      'b/two file/motd changed wanted: the same as file/motd of a/one: new file, 4 bytes',
      'b/two exec/b changed wanted: run /bin/b',
      'c/three file/motd failed E_CONFLICT: /etc/motd is claimed by file/motd of a/one too, with other attributes; that one is in force',
      'c/three file/x skipped E_DEPENDENCY: file/motd, which comes first, failed',
    ])
    expect(text('/etc/motd')).toBe('one\n')
    expect(commands).toEqual(['/bin/b'])
  })

  it('never shows what is sensitive, also if an equal claim is', async () => {
    const { runs, put } = setup({ exec: () => ({ code: 1, output: 'hunter2' }) })
    put('/etc/motd', 'old hunter2\n')
    const policies = [
      inForce('a/one', [motd('hunter2\n', 'a/one')]),
      inForce('b/two', [
        { ...motd('hunter2\n', 'b/two'), sensitive: true },
        resource('b/two', 'exec/x', { argv: ['/bin/login', 'hunter2'], creates: '/x' }, { sensitive: true }),
      ]),
    ]
    const plan = await runs.plan(policies)
    const run = await runs.run(policies)
    expect(JSON.stringify([plan.outcomes, run.outcomes, run.memory])).not.toContain('hunter2')
    expect(run.outcomes[0]?.state).toBe('changed')
  })

  it('reports a noop resource without changing it or telling anybody', async () => {
    const { runs, text, commands } = setup()
    const policies = [inForce('web/site', [file('a', { noop: true, notify: ['exec/reload'] }), told('reload')])]
    const { outcomes } = await runs.run(policies)
    expect(lines(outcomes)[0]).toBe('web/site file/a skipped: noop is set, nothing is changed: new file, 2 bytes')
    expect([text('/srv/a'), commands]).toEqual([undefined, []])
  })

  it('applies nothing of a policy with an invalid resource, and undoes nothing of it', async () => {
    const { runs, text } = setup()
    await runs.run([inForce('web/site', [motd('hi\n'), file('old', { onRemove: 'undo' })])])
    const invalid = resource('web/site', 'file/bad', { path: 'relative', content: 'x' })
    const { outcomes } = await runs.run([inForce('web/site', [motd('other\n'), invalid])])
    expect(states(outcomes)).toEqual(['file/motd skipped', 'file/bad failed'])
    expect(outcomes[0]?.reason).toBe('nothing of web/site is applied, because file/bad is not valid')
    expect([text('/etc/motd'), text('/srv/old')]).toEqual(['hi\n', 'old\n'])
  })
})

describe('time', () => {
  it('leaves what is left to the next run at the deadline and when cancelled', async () => {
    const stop = new AbortController()
    const { runs, time } = setup({
      exec: () => {
        time.ms += 5000
        return {}
      },
    })
    const slow = (name: string, require: string[]) =>
      resource('web/site', `exec/${name}`, { argv: ['/bin/slow'], onlyif: ['/bin/true'] }, { require })
    const policies = [inForce('web/site', [slow('a', []), slow('b', ['exec/a'])])]
    const late = await runs.run(policies, { deadlineMs: time.ms + 6000 })
    expect(lines(late.outcomes)[1]).toBe("web/site exec/b waiting E_DEADLINE: the run's time was over before its turn")
    stop.abort()
    const cancelled = await runs.run(policies, { signal: stop.signal })
    expect(cancelled.outcomes.map(({ code }) => code)).toEqual(['E_CANCELLED', 'E_DEPENDENCY'])
  })

  it('stops repairing what is changed back again and again, says so, and tries again later', async () => {
    const { runs, put, time, text } = setup()
    const policies = [inForce('web/site', [motd('mine\n')])]
    await runs.run(policies)
    const outcomes: string[] = []
    for (let i = 0; i < 7; i++) {
      put('/etc/motd', `theirs ${i}\n`)
      time.ms += 1000
      outcomes.push(...states((await runs.run(policies)).outcomes))
    }
    expect(outcomes).toEqual([
      ...Array.from({ length: 5 }, () => 'file/motd repaired'),
      'file/motd failed',
      'file/motd failed',
    ])
    expect(text('/etc/motd')).toBe('theirs 6\n')
    const again = await runs.run(policies)
    expect(again.outcomes[0]?.reason).toContain(
      'was repaired 5 times within 10 minutes and differs again: left as it is for 10 min',
    )
    time.ms += 10 * 60_000
    expect(states((await runs.run(policies)).outcomes)).toEqual(['file/motd repaired'])
  })

  it('looks only at what drifted, and at whom that tells', async () => {
    const { runs, put, commands } = setup()
    const policies = [inForce('web/site', [motd('x\n'), file('a', { notify: ['exec/reload'] }), told('reload')])]
    const { watch } = await runs.run(policies)
    commands.length = 0
    put('/srv/a', 'drift')
    put('/etc/motd', 'drift')
    const ids = watch.get('/srv/a') ?? []
    const partial = await runs.run(policies, { only: new Set(ids) })
    expect(lines(partial.outcomes)).toEqual([
      'web/site file/a repaired corrective: new content',
      'web/site exec/reload repaired corrective: run /bin/reload',
    ])
    expect(commands).toEqual(['/bin/reload'])
  })
})

describe('removal', () => {
  it('takes back what was made and brings back what was overwritten, or leaves it', async () => {
    const { runs, put, text, host } = setup()
    put('/etc/motd', 'original\n', 0o600)
    const all = [
      { ...motd('mine\n'), onRemove: 'undo' as const },
      file('deep/er/a', { onRemove: 'undo' }),
      file('stays'),
    ]
    await runs.run([inForce('web/site', all)])
    put('/etc/motd', 'drift\n')
    await runs.run([inForce('web/site', all)])
    const plan = await runs.plan([inForce('web/site', [])])
    const { outcomes, memory } = await runs.run([])
    expect(plan.outcomes.map((one) => one.reason)).toEqual(outcomes.map((one) => one.reason))
    expect(lines(outcomes)).toEqual([
      'web/site file/motd changed wanted: no policy has it any more: /etc/motd as it was before',
      'web/site file/stays kept: no policy has it any more: left as it is',
      'web/site file/deep/er/a changed wanted: no policy has it any more: removal of /srv/deep/er/a, removal of /srv/deep/er, removal of /srv/deep',
    ])
    expect([text('/etc/motd'), host.lstat('/etc/motd')?.mode]).toEqual(['original\n', 0o600])
    expect([host.lstat('/srv/deep'), text('/srv/stays')]).toEqual([null, 'stays\n'])
    expect(memory.resources).toEqual({})
  })

  it('hands what it knows to the resource that takes over, and undoes nothing of it', async () => {
    const { runs, text, host } = setup()
    await runs.run([inForce('a/one', [{ ...motd('hi\n', 'a/one'), onRemove: 'undo' }])])
    const taken = await runs.run([inForce('b/two', [{ ...motd('hi\n', 'b/two'), onRemove: 'undo' }])])
    expect(lines(taken.outcomes)).toEqual(['b/two file/motd kept: as it should be'])
    expect(text('/etc/motd')).toBe('hi\n')
    await runs.run([])
    expect(host.lstat('/etc/motd')).toBeNull()
  })

  it('leaves alone what belongs to a policy that could not be resolved', async () => {
    const { runs, text } = setup()
    await runs.run([inForce('web/site', [{ ...motd('hi\n'), onRemove: 'undo' }])])
    expect((await runs.run([], { unresolved: ['web/site'] })).outcomes).toEqual([])
    expect(text('/etc/motd')).toBe('hi\n')
  })
})

describe('a grant', () => {
  const grant = { types: null, paths: ['/srv/app'] }
  const at = (path: string, more = {}) => resource('app/shop', 'file/x', { path, content: 'x', ...more })
  const one = async (path: string, more = {}, prepare = (_host: MemoryHost): void => undefined) => {
    const { runs, host } = setup()
    host.mkdir('/srv/app', { mode: 0o755, uid: 0, gid: 0 })
    prepare(host)
    const { outcomes } = await runs.run([inForce('app/shop', [at(path, more)], { grant })])
    return `${outcomes[0]?.state} ${outcomes[0]?.code}`
  }

  it('confines to its paths, also through links that root made', async () => {
    expect(await one('/srv/app/x')).toBe('changed undefined')
    expect(await one('/srv/application')).toBe('failed E_PATH')
    expect(await one('/etc/passwd')).toBe('failed E_PATH')
    expect(await one('/srv/app/etc/passwd', {}, (host) => host.symlink('/srv/app/etc', '/etc'))).toBe('failed E_PATH')
    expect(await one('/srv/app/x', { mode: '4755' })).toBe('failed E_SCOPE')
  })

  it('refuses commands to a confined author, and types that it does not name', async () => {
    expect(await one('/srv/app/x', { validate: ['/bin/check', '{file}'] })).toBe('failed E_SCOPE')
    const { runs, commands } = setup()
    const exec = resource('app/shop', 'exec/x', { argv: ['/bin/x'], creates: '/y' })
    const codes: unknown[] = []
    for (const types of [null, ['file'], ['file', 'exec']]) {
      const { outcomes } = await runs.run([inForce('app/shop', [exec], { grant: { types, paths: ['/srv'] } })])
      codes.push(outcomes[0]?.code)
    }
    expect(codes).toEqual(['E_SCOPE', 'E_SCOPE', 'E_PATH'])
    expect(commands).toEqual([])
  })
})

describe('without root', () => {
  it('skips what only root can do, and says why', async () => {
    const { runs } = setup({ uid: 1000 })
    const exec = resource('app/shop', 'exec/x', { argv: ['/bin/x'], creates: '/y', user: 'www' })
    expect(lines((await runs.run([inForce('app/shop', [exec])])).outcomes)).toEqual([
      'app/shop exec/x skipped E_NEEDS_ROOT: only root can run a command as another user, and the daemon runs without root',
    ])
  })
})
