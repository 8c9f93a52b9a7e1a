import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { resource } from '../testing/converge.ts'
import { Lab } from '../testing/lab.ts'

const undo = { onRemove: 'undo' } as const
const mine = (attrs: Parameters<typeof resource>[2]) => resource('p', 'file/x', { path: '/etc/x', ...attrs }, undo)

function setup() {
  const sha256 = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest()
  const lab = new Lab({ sha256, exec: async () => ({ end: 'exit', code: 1 }) })
  const all = async (...resources: ReturnType<typeof mine>[]): Promise<string[]> => {
    const { outcomes } = await lab.runs.run([{ policy: 'p', after: [], grant: null, resources }])
    return outcomes.map(({ state, reason }) => `${state} ${reason}`)
  }
  const is = (path: string): string => `${lab.host.lstat(path)?.mode.toString(8)} ${lab.host.lstat(path)?.uid}`
  return { lab, all, is }
}

describe('mode and owner that were changed alone', () => {
  it('come back when no policy has the file or folder any more', async () => {
    const { lab, all, is } = setup()
    lab.put('/etc/x', 'old\n', 0o640)
    const folder = resource('p', 'file/srv', { path: '/srv', directory: true, mode: '0700' }, undo)
    expect(await all(mine({ mode: '4755', owner: 'alice' }), folder)).toEqual([
      'changed mode 0640 -> 4755, owner root -> alice',
      'changed mode 0755 -> 0700',
    ])
    await all()
    expect([is('/etc/x'), is('/srv')]).toEqual(['640 0', '755 0'])
    expect(lab.text('/etc/x')).toBe('old\n')
  })

  it('come back with the content, if that is replaced later', async () => {
    const { lab, all, is } = setup()
    lab.put('/etc/x', 'old\n', 0o640)
    await all(mine({ mode: '0600' }))
    await all(mine({ mode: '0600', content: 'new\n' }))
    await all()
    expect([lab.text('/etc/x'), is('/etc/x')]).toEqual(['old\n', '640 0'])
  })

  it('come back with what was edited', async () => {
    const { lab, all, is } = setup()
    lab.put('/etc/x', 'old\n', 0o640)
    await all(mine({ mode: '0600', line: 'new' }))
    expect([lab.text('/etc/x'), is('/etc/x')]).toEqual(['old\nnew\n', '600 0'])
    await all()
    expect([lab.text('/etc/x'), is('/etc/x')]).toEqual(['old\n', '640 0'])
  })

  it('do not become those of a drift', async () => {
    const { lab, all, is } = setup()
    lab.put('/etc/x', 'old\n', 0o640)
    await all(mine({ mode: '0640' }))
    lab.host.chmod('/etc/x', 0o666)
    expect(await all(mine({ mode: '0640' }))).toEqual(['repaired mode 0666 -> 0640'])
    await all()
    expect(is('/etc/x')).toBe('640 0')
  })

  it('come back also if what was put in place is refused', async () => {
    const { lab, all, is } = setup()
    lab.put('/etc/x', 'old\n', 0o640)
    expect((await all(mine({ mode: '0600', content: 'old\n', verify: ['/bin/check'] })))[0]).toContain('is back')
    expect(is('/etc/x')).toBe('640 0')
  })
})
