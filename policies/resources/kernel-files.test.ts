import { expect, it } from 'vitest'
import { ToolLab } from '../testing/tools.ts'

it('A setting that the kernel refuses says why, and a secret one not even what it was', async () => {
  const lab: ToolLab = new ToolLab({
    cat: () => '60\n',
    'tee --': (_argv, { stdin }) => ({
      code: 1,
      output: `${new TextDecoder().decode(stdin)}tee: /proc/sys/a: Read-only file system\n`,
    }),
  }).lay({ '/proc/sys/a': '' })
  const said = await lab.one('sysctl/a', { value: 10, persist: false })
  expect(said).toBe('failed wanted E_EXIT: /proc/sys/a cannot be set: Read-only file system')
  const secret = await lab.one('sysctl/a', { value: 11, persist: false }, { sensitive: true })
  expect(secret).toBe('failed wanted E_EXIT: /proc/sys/a cannot be set')
})
