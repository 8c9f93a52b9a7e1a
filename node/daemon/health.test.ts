import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { RunsRig } from './testing/runs.ts'

let rig: RunsRig
beforeEach(() => {
  rig = new RunsRig()
})
afterEach(() => rig.close())

const shop = (content: string, rest: string): string =>
  `policy: app/shop\nselect: "true"\nresources:\n  file/a: { path: /etc/a, content: "${content}" }\n${rest}\n`
const outcomesOf = ([policy]: Awaited<ReturnType<RunsRig['apply']>>): string[] =>
  (policy?.outcomes ?? []).map(({ key, state, code, reason }) =>
    [key, state, code, reason].filter((part) => part !== undefined).join(' '),
  )

describe('health checks', () => {
  it('ask after a change, and fail the version with a code that brings the last good one back', async () => {
    rig.exec = ([program]) => ({ code: program === '/bin/check' ? 1 : 0, output: 'no answer' })
    const applied = await rig.apply([rig.policy(shop('1', 'health: [{exec: [/bin/check], within: 1ms}]'))])
    expect(applied).toMatchObject([{ state: 'failed', code: 'E_HEALTH' }])
    expect(applied[0]?.stays).toBeUndefined()
    expect(outcomesOf(applied)).toEqual([
      'file/a changed new file, 1 bytes',
      'health failed E_HEALTH /bin/check ended with exit code 1: no answer (within 0.001 s)',
    ])
  })

  it('are not asked again while nothing changes, also after a restart, but always after one that failed', async () => {
    let code = 1
    rig.exec = () => ({ code })
    const wanted = rig.policy(shop('1', 'health: [{exec: [/bin/check], within: 1ms}]'))
    await rig.apply([wanted])
    code = 0
    rig.restart()
    expect(await rig.apply([wanted])).toMatchObject([{ state: 'ok' }])
    rig.restart()
    await rig.apply([wanted])
    expect(rig.commands).toEqual(['/bin/check', '/bin/check'])
    rig.put('/etc/a', 'drift')
    await rig.apply([wanted])
    expect(rig.commands).toHaveLength(3)
  })

  it('wait until the service is there', async () => {
    let calls = 0
    const server = createServer((_request, response) => {
      response.statusCode = ++calls < 3 ? 503 : 200
      response.end()
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    // A server on a port has an address object.
    const { port } = server.address() as AddressInfo
    const checks = `health: [{http: "http://127.0.0.1:${port}/", within: 20s}, {tcp: "127.0.0.1:${port}"}]`
    expect(await rig.apply([rig.policy(shop('1', checks))])).toMatchObject([{ state: 'ok' }])
    expect(calls).toBe(3)
    await new Promise((resolve) => server.close(resolve))
    const gone = await rig.apply([
      rig.policy(shop('2', checks.replace('20s', '10ms').replace('"}]', '", within: 10ms}]'))),
    ])
    expect(outcomesOf(gone)[1]).toMatch(/^health failed E_HEALTH http:.* does not answer: .*ECONNREFUSED/)
  })

  it('that fail leave a version that must never fall back', async () => {
    rig.exec = () => ({ code: 1 })
    const policy = rig.policy(shop('1', 'health: [{exec: [x], within: 1ms}]\nrollout: {fallback: never}'))
    expect(await rig.apply([policy])).toMatchObject([{ code: 'E_HEALTH', stays: true }])
  })
})

describe('check resources', () => {
  const checked = (content: string, more = '', rest = ''): string =>
    `policy: app/shop\nselect: "true"\nresources:\n  file/a: { path: /etc/a, content: "${content}" }\n` +
    `  check/web: { exec: [/bin/alive], retries: 0, require: [file/a]${more} }\n${rest}\n`
  const alive = (code: number) => () => ({ code, output: code === 0 ? '' : 'no answer' })

  it('that fail after a change fail the version, so that the last good one comes back', async () => {
    rig.exec = alive(1)
    const applied = await rig.apply([rig.policy(checked('1'))])
    expect(applied).toMatchObject([{ state: 'failed', code: 'E_HEALTH' }])
    expect(applied[0]?.stays).toBeUndefined()
    expect(outcomesOf(applied)).toEqual([
      'file/a changed new file, 1 bytes',
      'check/web failed E_CHECK /bin/alive ended with exit code 1: no answer',
      'health failed E_HEALTH check/web failed: /bin/alive ended with exit code 1: no answer',
    ])
  })

  it('take no version back that was found well and has changed nothing since, also after a restart', async () => {
    rig.exec = alive(0)
    const wanted = rig.policy(checked('1'))
    expect(await rig.apply([wanted])).toMatchObject([{ state: 'ok' }])
    rig.restart()
    rig.exec = alive(1)
    expect(await rig.apply([wanted])).toMatchObject([{ state: 'failed', code: 'E_CHECK' }])
    rig.put('/etc/a', 'drift')
    expect(await rig.apply([wanted])).toMatchObject([{ state: 'failed', code: 'E_HEALTH' }])
  })

  it('are not asked what the health of a policy is before they hold', async () => {
    rig.exec = ([program]) => ({ code: program === '/bin/alive' ? 1 : 0 })
    await rig.apply([rig.policy(checked('1', '', 'health: [{exec: [/bin/health], within: 1ms}]'))])
    expect(rig.commands).toEqual(['/bin/alive'])
  })

  it('that nobody came to neither fail a version nor find it well', async () => {
    const wanted = rig.policy(checked('1'))
    rig.host.mkdir('/etc/a', { mode: 0o755, uid: 0, gid: 0 })
    rig.exec = alive(1)
    expect(await rig.apply([wanted])).toMatchObject([{ state: 'failed', code: 'E_IN_THE_WAY' }])
    expect(rig.commands).toEqual([])
    rig.host.rmdir('/etc/a')
    expect(await rig.apply([wanted])).toMatchObject([{ state: 'failed', code: 'E_HEALTH' }])
  })

  it('leave a version that must never fall back, and count for nothing with noop', async () => {
    rig.exec = alive(1)
    const never = rig.policy(checked('1', '', 'rollout: {fallback: never}'))
    expect(await rig.apply([never])).toMatchObject([{ code: 'E_HEALTH', stays: true }])
    expect(await rig.apply([rig.policy(checked('2', ', noop: true'))])).toMatchObject([{ code: 'E_CHECK' }])
  })
})

describe('onChange', () => {
  const around = 'onChange: { before: [[/bin/lb, drain]], after: [[/bin/lb, undrain]] }'

  it('surrounds a run that changes something, and no other', async () => {
    const wanted = rig.policy(shop('1', around))
    rig.exec = ([, what]) => {
      if (what === 'drain') expect(rig.text('/etc/a')).toBeUndefined()
      return {}
    }
    await rig.apply([wanted])
    await rig.apply([wanted])
    expect(rig.commands).toEqual(['/bin/lb drain', '/bin/lb undrain'])
  })

  it('before that fails keeps everything as it is, and the others go on', async () => {
    rig.exec = ([program]) => ({ code: program === '/bin/lb' ? 1 : 0 })
    const other = rig.policy('policy: b\nselect: "true"\nresources: { file/b: { path: /etc/b, content: b } }\n')
    const applied = await rig.apply([rig.policy(shop('1', around)), other])
    expect(applied).toMatchObject([{ state: 'failed', code: 'E_ON_CHANGE' }, { state: 'ok' }])
    expect([rig.text('/etc/a'), rig.text('/etc/b')]).toEqual([undefined, 'b'])
  })

  it('after is made up for when the daemon was killed in between, and when it failed', async () => {
    const wanted = rig.policy(shop('1', around))
    rig.exec = ([, what]) => ({ code: what === 'undrain' ? 1 : 0 })
    expect(await rig.apply([wanted])).toMatchObject([{ state: 'failed', code: 'E_ON_CHANGE' }])
    rig.exec = () => ({})
    rig.restart()
    expect(await rig.apply([wanted])).toMatchObject([{ state: 'ok' }])
    expect(rig.commands).toEqual(['/bin/lb drain', '/bin/lb undrain', '/bin/lb undrain'])
  })

  it('needs the right to run commands', async () => {
    const wanted = { ...rig.policy(shop('1', around)), paths: ['/etc'] }
    expect(await rig.apply([wanted])).toMatchObject([{ state: 'failed', code: 'E_SCOPE' }])
    expect([rig.commands, rig.text('/etc/a')]).toEqual([[], undefined])
  })
})
