import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { RunsRig } from './testing/runs.ts'

let rig: RunsRig
beforeEach(() => {
  rig = new RunsRig()
})
afterEach(() => rig.close())

const NET = `policy: base/net
select: "true"
resources:
  file/net: { path: /etc/net, content: "CONTENT", notify: [exec/reload] }
  file/new: { path: /etc/new/deep, content: x }
  exec/reload: { argv: [/bin/reload], notifyOnly: true }
`
const net = (content: string): string => NET.replace('CONTENT', content)

describe('a change that cuts the node off', () => {
  it('is taken back, those who were told are told again, and it is said', async () => {
    rig.put('/etc/net', 'good')
    // The cable is what the file says.
    rig.answers = () => rig.text('/etc/net') === 'good'
    const applied = await rig.apply([rig.policy(net('bad'))])
    expect(applied).toMatchObject([{ policy: 'base/net', state: 'failed', code: 'E_CUT_OFF' }])
    expect([rig.text('/etc/net'), rig.host.lstat('/etc/new')]).toEqual(['good', null])
    expect(rig.commands).toEqual(['/bin/reload', '/bin/reload'])
    expect(rig.said).toEqual(['No neighbour can be reached since the last change: it is taken back.'])
  })

  it('is not blamed for what was not its doing', async () => {
    rig.answers = () => false
    expect(await rig.apply([rig.policy(net('new'))])).toMatchObject([{ state: 'ok' }])
    expect(rig.text('/etc/net')).toBe('new')
    expect(rig.said.at(-1)).toContain('it is not the reason')
  })

  it('is taken back after a restart, if the daemon was killed before anybody could answer', async () => {
    rig.put('/etc/net', 'good')
    const wanted = rig.policy(net('bad'))
    const asked = Promise.withResolvers<void>()
    rig.answers = async () => {
      asked.resolve()
      return await new Promise<boolean>(() => undefined)
    }
    void rig.apply([wanted])
    await asked.promise
    expect(rig.text('/etc/net')).toBe('bad')
    rig.answers = () => rig.text('/etc/net') === 'good'
    rig.restart()
    expect(await rig.apply([wanted])).toMatchObject([{ state: 'failed', code: 'E_CUT_OFF' }])
    expect(rig.text('/etc/net')).toBe('good')
  })

  it('is of no interest where there are no neighbours', async () => {
    expect(await rig.apply([rig.policy(net('new'))])).toMatchObject([{ state: 'ok' }])
    expect(rig.said).toEqual([])
  })

  it('that somebody answers stays, with one question', async () => {
    let asked = 0
    rig.answers = () => ++asked > 0
    expect(await rig.apply([rig.policy(net('new'))])).toMatchObject([{ state: 'ok' }])
    expect(await rig.apply([rig.policy(net('new'))])).toMatchObject([{ state: 'ok' }])
    expect(asked).toBe(1)
  })
})
