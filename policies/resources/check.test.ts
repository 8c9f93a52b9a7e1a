import { describe, expect, it } from 'vitest'
import type { ProbeTarget } from '../host.ts'
import { inForce, lines, resource } from '../testing/converge.ts'
import { ToolLab } from '../testing/tools.ts'
import { check } from './check.ts'

const KEPT = 'kept: as it should be'

/** A service that is ill for the first tries. */
function setup(ill: number) {
  const asked: ProbeTarget[] = []
  const probe = (target: ProbeTarget) => {
    asked.push(target)
    return asked.length <= ill ? 'it does not answer' : null
  }
  const lab = new ToolLab({ '/bin/alive': () => ({ code: ill-- > 0 ? 1 : 0, output: 'starting' }) }, { probe })
  return { lab, asked }
}

describe('a check', () => {
  it('that holds keeps everything', async () => {
    const { lab, asked } = setup(0)
    expect(await lab.one('check/web', { http: 'http://127.0.0.1/', status: 204 })).toBe(KEPT)
    expect(await lab.one('check/db', { tcp: '[::1]:5432' })).toBe(KEPT)
    expect(asked).toEqual([{ http: 'http://127.0.0.1/', status: 204 }, { tcp: { host: '::1', port: 5432 } }])
  })

  it('is tried again with a pause, and fails after its retries', async () => {
    const { lab } = setup(3)
    expect(await lab.one('check/web', { http: 'http://127.0.0.1/', interval: '1s' })).toBe(KEPT)
    expect(lab.host.slept).toEqual([1000, 1000, 1000])
    expect(await setup(4).lab.one('check/web', { http: 'http://127.0.0.1/' })).toBe(
      'failed wanted E_CHECK: it does not answer',
    )
  })

  it('counts nothing before its grace is over', async () => {
    const { lab } = setup(5)
    const sleep = lab.host.sleep.bind(lab.host)
    lab.host.sleep = async (ms) => {
      lab.ms += ms
      await sleep(ms)
    }
    expect(await lab.one('check/web', { tcp: 'localhost:80', grace: '10s', retries: 0 })).toBe(KEPT)
    expect(await setup(5).lab.one('check/web', { tcp: 'localhost:80', retries: 0 })).toContain('E_CHECK')
  })

  it('by a command says what the command said', async () => {
    expect(await setup(9).lab.one('check/x', { exec: ['/bin/alive'], retries: 1 })).toBe(
      'failed wanted E_CHECK: /bin/alive ended with exit code 1: starting',
    )
    expect(await setup(1).lab.one('check/x', { exec: ['/bin/alive'], retries: 1 })).toBe(KEPT)
  })

  it('does not wait in a plan, and skips what requires it', async () => {
    const { lab } = setup(99)
    const policies = [
      inForce('p', [
        resource('p', 'check/web', { http: 'http://127.0.0.1/' }),
        resource('p', 'file/a', { path: '/etc/a', content: '' }, { require: ['check/web'] }),
      ]),
    ]
    expect(lines((await lab.runs.plan(policies)).outcomes)[0]).toContain('E_CHECK')
    expect(lab.host.slept).toEqual([])
    expect(lines((await lab.runs.run(policies)).outcomes)[1]).toContain('skipped E_DEPENDENCY: check/web')
  })

  it('is one thing', () => {
    const problem = (attrs: Parameters<typeof resource>[2]) => check.bind(resource('p', 'check/x', attrs))
    expect(problem({})).toContain('exactly one')
    expect(problem({ tcp: 'a:1', http: 'http://a/' })).toContain('exactly one')
    expect(problem({ tcp: 'a' })).toContain('HOST:PORT')
    expect(problem({ http: 'file:///etc/passwd' })).toContain('http')
  })
})
