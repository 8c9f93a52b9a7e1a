import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { inForce, lines, resource, states } from '../testing/converge.ts'
import { file, Lab, motd, told } from '../testing/lab.ts'
import type { MemoryHost, MemoryHostOptions } from '../testing/memory-host.ts'

const sha256 = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest()
const setup = (options: Partial<MemoryHostOptions> = {}): Lab => new Lab({ sha256, ...options })

describe('time', () => {
  it('leaves what is left to the next run at the deadline and when cancelled', async () => {
    const stop = new AbortController()
    const lab = setup({
      exec: () => {
        lab.ms += 5000
        return {}
      },
    })
    const slow = (name: string, require: string[]) =>
      resource('web/site', `exec/${name}`, { argv: ['/bin/slow'], onlyif: ['/bin/true'] }, { require })
    const policies = [inForce('web/site', [slow('a', []), slow('b', ['exec/a'])])]
    const late = await lab.runs.run(policies, { deadlineMs: lab.ms + 6000 })
    expect(lines(late.outcomes)[1]).toBe("web/site exec/b waiting E_DEADLINE: the run's time was over before its turn")
    stop.abort()
    const cancelled = await lab.runs.run(policies, { signal: stop.signal })
    expect(cancelled.outcomes.map(({ code }) => code)).toEqual(['E_CANCELLED', 'E_DEPENDENCY'])
  })

  it('stops repairing what is changed back again and again, says so, and tries again later', async () => {
    const lab = setup()
    const policies = [inForce('web/site', [motd('mine\n')])]
    await lab.runs.run(policies)
    const outcomes: string[] = []
    for (let i = 0; i < 7; i++) {
      lab.put('/etc/motd', `theirs ${i}\n`)
      lab.ms += 1000
      outcomes.push(...states((await lab.runs.run(policies)).outcomes))
    }
    expect(outcomes).toEqual([
      ...Array.from({ length: 5 }, () => 'file/motd repaired'),
      'file/motd failed',
      'file/motd failed',
    ])
    expect(lab.text('/etc/motd')).toBe('theirs 6\n')
    const again = await lab.runs.run(policies)
    expect(again.outcomes[0]?.reason).toContain(
      'was repaired 5 times within 10 minutes and differs again: left as it is for 10 min',
    )
    lab.ms += 10 * 60_000
    expect(states((await lab.runs.run(policies)).outcomes)).toEqual(['file/motd repaired'])
  })

  it('looks only at what drifted, and at whom that tells', async () => {
    const lab = setup()
    const policies = [inForce('web/site', [motd('x\n'), file('a', { notify: ['exec/reload'] }), told('reload')])]
    const { watch } = await lab.runs.run(policies)
    lab.commands.length = 0
    lab.put('/srv/a', 'drift')
    lab.put('/etc/motd', 'drift')
    const ids = watch.get('/srv/a') ?? []
    const partial = await lab.runs.run(policies, { only: new Set(ids) })
    expect(lines(partial.outcomes)).toEqual([
      'web/site file/a repaired corrective: new content',
      'web/site exec/reload repaired corrective: run /bin/reload',
    ])
    expect(lab.commands).toEqual(['/bin/reload'])
  })
})

describe('removal', () => {
  it('takes back what was made and brings back what was overwritten, or leaves it', async () => {
    const lab = setup()
    lab.put('/etc/motd', 'original\n', 0o600)
    const all = [
      { ...motd('mine\n'), onRemove: 'undo' as const },
      file('deep/er/a', { onRemove: 'undo' }),
      file('stays'),
    ]
    await lab.runs.run([inForce('web/site', all)])
    lab.put('/etc/motd', 'drift\n')
    await lab.runs.run([inForce('web/site', all)])
    const plan = await lab.runs.plan([inForce('web/site', [])])
    const { outcomes, memory } = await lab.runs.run([])
    expect(plan.outcomes.map((one) => one.reason)).toEqual(outcomes.map((one) => one.reason))
    expect(lines(outcomes)).toEqual([
      'web/site file/motd changed wanted: no policy has it any more: /etc/motd as it was before',
      'web/site file/stays kept: no policy has it any more: left as it is',
      'web/site file/deep/er/a changed wanted: no policy has it any more: removal of /srv/deep/er/a, removal of /srv/deep/er, removal of /srv/deep',
    ])
    expect([lab.text('/etc/motd'), lab.host.lstat('/etc/motd')?.mode]).toEqual(['original\n', 0o600])
    expect([lab.host.lstat('/srv/deep'), lab.text('/srv/stays')]).toEqual([null, 'stays\n'])
    expect(memory.resources).toEqual({})
  })

  it('hands what it knows to the resource that takes over, and undoes nothing of it', async () => {
    const lab = setup()
    await lab.runs.run([inForce('a/one', [{ ...motd('hi\n', 'a/one'), onRemove: 'undo' }])])
    const taken = await lab.runs.run([inForce('b/two', [{ ...motd('hi\n', 'b/two'), onRemove: 'undo' }])])
    expect(lines(taken.outcomes)).toEqual(['b/two file/motd kept: as it should be'])
    expect(lab.text('/etc/motd')).toBe('hi\n')
    await lab.runs.run([])
    expect(lab.host.lstat('/etc/motd')).toBeNull()
  })

  it('leaves alone what belongs to a policy that could not be resolved', async () => {
    const lab = setup()
    await lab.runs.run([inForce('web/site', [{ ...motd('hi\n'), onRemove: 'undo' }])])
    expect((await lab.runs.run([], { unresolved: ['web/site'] })).outcomes).toEqual([])
    expect(lab.text('/etc/motd')).toBe('hi\n')
  })
})

describe('a grant', () => {
  const grant = { types: null, paths: ['/srv/app'] }
  const at = (path: string, more = {}) => resource('app/shop', 'file/x', { path, content: 'x', ...more })
  const one = async (path: string, more = {}, prepare = (_host: MemoryHost): void => undefined) => {
    const lab = setup()
    lab.host.mkdir('/srv/app', { mode: 0o755, uid: 0, gid: 0 })
    prepare(lab.host)
    const { outcomes } = await lab.runs.run([inForce('app/shop', [at(path, more)], { grant })])
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
    const lab = setup()
    const exec = resource('app/shop', 'exec/x', { argv: ['/bin/x'], creates: '/y' })
    const codes: unknown[] = []
    for (const types of [null, ['file'], ['file', 'exec']]) {
      const { outcomes } = await lab.runs.run([inForce('app/shop', [exec], { grant: { types, paths: ['/srv'] } })])
      codes.push(outcomes[0]?.code)
    }
    expect(codes).toEqual(['E_SCOPE', 'E_SCOPE', 'E_PATH'])
    expect(lab.commands).toEqual([])
  })
})

describe('without root', () => {
  it('skips what only root can do, and says why', async () => {
    const lab = setup({ uid: 1000 })
    const exec = resource('app/shop', 'exec/x', { argv: ['/bin/x'], creates: '/y', user: 'www' })
    expect(lines((await lab.runs.run([inForce('app/shop', [exec])])).outcomes)).toEqual([
      'app/shop exec/x skipped E_NEEDS_ROOT: only root can run a command as another user, and the daemon runs without root',
    ])
  })
})
