import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { inForce, lines, resource } from '../testing/converge.ts'
import { file, Lab, motd, told } from '../testing/lab.ts'

const sha256 = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest()
/** Saturday, 2 January 2027, noon. */
const SATURDAY_NOON = Date.UTC(2027, 0, 2, 12)

describe('retries', () => {
  it('try again after a pause, and say how often', async () => {
    let fails = 2
    const lab = new Lab({ sha256, exec: () => ({ code: fails-- > 0 ? 1 : 0 }) })
    const flaky = (retries: number) =>
      resource('p', 'exec/x', { argv: ['/bin/x'], once: 'version' }, { retries, delayMs: 5000 })
    expect((await lab.runs.run([inForce('p', [flaky(2)])])).outcomes[0]?.state).toBe('changed')
    expect([lab.commands.length, lab.host.slept]).toEqual([3, [5000, 5000]])
    fails = 9
    const again = inForce('p', [{ ...flaky(1), attrs: { argv: ['/bin/y'], once: 'version' } }], { version: 'v2' })
    expect(lines((await lab.runs.run([again])).outcomes)[0]).toBe(
      'p exec/x failed wanted E_EXIT: /bin/y ended with exit code 1 (tried 2 times)',
    )
  })

  it('are for what may come right by itself, not for what is refused', async () => {
    const lab = new Lab({ sha256 })
    const refused = inForce('p', [motd('x', 'p', { retries: 5 })], { grant: { types: ['exec'], paths: null } })
    expect((await lab.runs.run([refused])).outcomes[0]?.code).toBe('E_SCOPE')
    expect(lab.host.slept).toEqual([])
  })
})

it('A timeout bounds the command of one try', async () => {
  const given: number[] = []
  const lab = new Lab({
    sha256,
    exec: (_argv, { timeoutMs }) => {
      given.push(timeoutMs)
      return {}
    },
  })
  await lab.runs.run([inForce('p', [resource('p', 'exec/x', { argv: ['/bin/x'], once: 'ever' }, { timeoutMs: 7000 })])])
  expect(given).toEqual([7000])
})

describe('a schedule', () => {
  const night = { fromMinute: 22 * 60, toMinute: 5 * 60, days: [6] }

  it('lets nothing change outside of its window, and says what will', async () => {
    const lab = new Lab({ sha256 })
    lab.ms = SATURDAY_NOON
    const policies = [inForce('web/site', [file('a', { schedule: night, notify: ['exec/b'] }), told('b')])]
    expect(lines((await lab.runs.run(policies)).outcomes)).toEqual([
      'web/site file/a waiting wanted E_SCHEDULE: may be changed at 22:00 to 05:00 on sat only; then: new file, 2 bytes',
      'web/site exec/b skipped E_DEPENDENCY: file/a, which comes first, waits',
    ])
    expect(lab.text('/srv/a')).toBeUndefined()
    lab.ms += 11 * 3_600_000
    expect((await lab.runs.run(policies)).outcomes.map(({ state }) => state)).toEqual(['changed', 'changed'])
    lab.ms += 12 * 3_600_000
    expect((await lab.runs.run(policies)).converged).toBe(true)
  })

  it('keeps a notification until its window comes', async () => {
    const lab = new Lab({ sha256 })
    lab.ms = SATURDAY_NOON
    const policies = [inForce('web/site', [file('a', { notify: ['exec/b'] }), told('b', { schedule: night })])]
    expect((await lab.runs.run(policies)).outcomes.map(({ state }) => state)).toEqual(['changed', 'waiting'])
    lab.ms += 11 * 3_600_000
    expect((await lab.runs.run(policies)).outcomes.map(({ state }) => state)).toEqual(['kept', 'changed'])
    expect(lab.commands).toEqual(['/bin/b'])
  })
})

it('A command that watches files runs when one of them has changed since', async () => {
  const lab = new Lab({ sha256 })
  lab.put('/etc/a', '1')
  const policies = [inForce('p', [resource('p', 'exec/x', { argv: ['/bin/x'], watch: ['/etc/a', '/etc/b'] })])]
  const states: (string | undefined)[] = []
  const run = async (): Promise<void> => {
    states.push((await lab.runs.run(policies)).outcomes[0]?.state)
  }
  await run()
  await run()
  lab.put('/etc/b', '2')
  await run()
  await run()
  expect(states).toEqual(['changed', 'kept', 'repaired', 'kept'])
})

describe('a crash at any point', () => {
  const policies = [
    inForce('web/site', [
      file('a', { notify: ['exec/b'], onRemove: 'undo' }),
      resource('web/site', 'file/deep', { path: '/srv/x/y/z', content: 'z' }, { onRemove: 'undo', notify: ['exec/b'] }),
      told('b'),
    ]),
  ]

  it('and a start again end in the same state, with everybody told and everything taken back on removal', async () => {
    for (let at = 1; at < 40; at++) {
      const lab = new Lab({ sha256 })
      const journal = new Map<string, unknown>()
      let left = at
      // From its n-th change on nothing happens any more: neither on the host nor in the journal.
      const dying = new Proxy(lab.host, {
        get(target, name) {
          const value: unknown = Reflect.get(target, name)
          if (typeof value !== 'function') return value
          return (...args: unknown[]): unknown => {
            if (['stage', 'mkdir', 'exec', 'chmod', 'backup'].includes(String(name)) && --left <= 0)
              throw new Error('dead')
            return Reflect.apply(value, target, args)
          }
        },
      })
      await lab.runs.run(policies, {
        host: dying,
        onIntent: (id, remembered) => left > 0 && journal.set(id, remembered),
        onProgress: ({ policy, key }, remembered) => left > 0 && journal.set(`${policy} ${key}`, remembered),
      })
      lab.runs.memory = { v: 1, resources: Object.fromEntries(journal) as never }
      const result = await lab.runs.run(policies)
      expect([at, result.converged, lab.text('/srv/a'), lab.text('/srv/x/y/z')]).toEqual([at, true, 'a\n', 'z'])
      expect([at, lab.commands.length > 0]).toEqual([at, true])
      await lab.runs.run([inForce('web/site', [])])
      expect([at, lab.host.readdir('/srv', 10)]).toEqual([at, []])
    }
  })
})
