import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { ExecResult } from '../host.ts'
import { compile } from '../language/compile.ts'
import { memorySource } from '../language/source.ts'
import { RESOURCE_TYPES } from '../resources/table.ts'
import { Lab } from '../testing/lab.ts'
import { capture } from './capture.ts'
import { writeCaptured } from './write.ts'

const sha256 = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest()

function lab(answers: Readonly<Record<string, string>> = {}): Lab {
  const made = new Lab({
    sha256,
    exec: async (argv): Promise<Partial<ExecResult>> => {
      const found = Object.entries(answers).find(([start]) => argv.join(' ').startsWith(start))
      return { end: 'exit', code: found === undefined ? 1 : 0, output: found?.[1] ?? '' }
    },
  })
  made.put(
    '/etc/passwd',
    'root:x:0:0:root:/root:/bin/sh\ndeploy:x:1001:1001:Deploys ${things}:/home/deploy:/bin/bash\n',
  )
  made.put('/etc/group', 'root:x:0:\ndeploy:x:1001:\nadm:x:4:deploy,root\n')
  return made
}

describe('capture', () => {
  it('writes a file that everybody may read with its content, and escapes what looks like an expression', async () => {
    const made = lab()
    made.put('/etc/motd', 'costs ${money}\n')
    expect(await capture(made.host, 'file:/etc/motd')).toEqual({
      key: 'file/etc-motd',
      attrs: { path: '/etc/motd', content: 'costs $${money}\n', mode: '0644', owner: 'root', group: 'root' },
    })
  })

  it('never shows content that not everybody may read: it becomes a secret', async () => {
    const made = lab()
    made.put('/etc/db.key', 'hunter2', 0o640)
    const found = await capture(made.host, 'file:/etc/db.key')
    expect(found).toMatchObject({ attrs: { content: '${secrets.etc_db_key}' }, secrets: { etc_db_key: '/etc/db.key' } })
    expect(JSON.stringify(found)).not.toContain('hunter2')
  })

  it('leaves what is large or no text beside the policy', async () => {
    const made = lab()
    made.put('/etc/big', 'x'.repeat(70_000))
    made.put('/etc/bell', 'a\u0007')
    expect(await capture(made.host, 'file:/etc/big')).toMatchObject({
      attrs: { source: 'files/etc-big' },
      copies: { 'files/etc-big': '/etc/big' },
    })
    expect(await capture(made.host, 'file:/etc/bell')).toHaveProperty('copies')
  })

  it('knows users, groups and keys', async () => {
    const made = lab()
    expect((await capture(made.host, 'user:deploy')).attrs).toEqual({
      uid: 1001,
      groups: ['adm'],
      home: '/home/deploy',
      shell: '/bin/bash',
      comment: 'Deploys $${things}',
    })
    expect((await capture(made.host, 'group:adm')).attrs).toEqual({ gid: 4, members: ['deploy', 'root'] })
    expect((await capture(made.host, 'ssh_keys:deploy')).attrs).toEqual({ keys: [] })
  })

  it('asks the package manager and the init system', async () => {
    const made = lab({
      'dpkg-query': 'chorus\tnginx\tamd64\tii \t1.22.1-9\n',
      'systemctl show': 'LoadState=loaded\nActiveState=active\nUnitFileState=enabled\nNeedDaemonReload=no\n',
    })
    for (const folder of ['/usr', '/usr/bin', '/run', '/run/systemd', '/run/systemd/system'])
      made.host.mkdir(folder, { mode: 0o755, uid: 0, gid: 0 })
    made.put('/usr/bin/apt-get', '')
    expect(await capture(made.host, 'package:nginx')).toMatchObject({ key: 'package/nginx', attrs: {} })
    expect((await capture(made.host, 'package:nano')).attrs).toEqual({ state: 'absent' })
    expect((await capture(made.host, 'service:nginx')).attrs).toEqual({ state: 'running', enabled: true })
    await expect(capture(made.host, 'package:--help')).rejects.toMatchObject({ code: 'E_VALUE' })
    await expect(capture(lab().host, 'package:nginx')).rejects.toMatchObject({ code: 'E_UNSUPPORTED' })
  })

  it.each([
    ['motd', 'E_VALUE', "'motd' does not say what to capture"],
    ['exec:x', 'E_VALUE', "a resource of the type 'exec' cannot be captured."],
    ['fiel:/x', 'E_VALUE', "a resource of the type 'fiel' cannot be captured. Did you mean 'file'?"],
    ['file:/etc/nothing', 'E_NOT_FOUND', 'there is nothing at /etc/nothing on this host'],
    ['file:etc/x', 'E_PATH', "the path 'etc/x' is not absolute"],
    ['user:nobody-here', 'E_NOT_FOUND', "there is no user 'nobody-here' on this host"],
  ])('says what is wrong with %s', async (wanted, code, message) => {
    await expect(capture(lab().host, wanted)).rejects.toMatchObject({ code, message })
  })

  it('gives a policy that compiles', async () => {
    const made = lab()
    made.put('/etc/motd', 'a: "b"\n\ttab\n')
    made.put('/etc/key', 'k', 0o600)
    const resources = await Promise.all(
      ['file:/etc/motd', 'file:/etc/key', 'user:deploy', 'group:adm', 'ssh_keys:deploy'].map((one) =>
        capture(made.host, one),
      ),
    )
    const text = writeCaptured({ name: 'host/web-1', select: "node.name == 'web-1'", resources })
    const { diagnostics } = compile(memorySource({ 'policy.yaml': text }), { types: RESOURCE_TYPES })
    expect(diagnostics.map(({ code, message }) => [code, message])).toEqual([
      ['E_NO_FILE', "The folder has no 'secrets/etc_key.age'."],
    ])
  })
})
