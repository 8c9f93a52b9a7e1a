import { describe, expect, it } from 'vitest'
import { resource } from '../testing/converge.ts'
import { ToolLab } from '../testing/tools.ts'

describe('a host entry', () => {
  const HOSTS = '127.0.0.1\tlocalhost\n'

  it('in a file behind a link is refused, and nothing is lost', async () => {
    const lab = new ToolLab({}).lay({ '/run/hosts': HOSTS })
    lab.host.symlink('/etc/hosts', '/run/hosts')
    expect(await lab.one('host_entry/web', { ip: '10.0.0.2' })).toContain('E_IN_THE_WAY')
    expect(lab.text('/run/hosts')).toBe(HOSTS)
  })

  it('of many in one run are all there', async () => {
    const lab = new ToolLab({}).lay({ '/etc/hosts': '127.0.0.1\tlocalhost\n' })
    const names = Array.from({ length: 30 }, (_, i) => `h${i}`)
    await lab.all(names.map((name, i) => resource('p', `host_entry/${name}`, { ip: `10.0.0.${i}` })))
    expect(lab.text('/etc/hosts')?.split('\n')).toHaveLength(32)
  })
})
