import { describe, expect, it } from 'vitest'
import type { Value } from '../model.ts'
import { RESOURCE_TYPES } from '../resources/table.ts'
import { resource, inForce } from '../testing/converge.ts'
import { ToolLab, type Recorded } from '../testing/tools.ts'

const VALUE = 'hunter2secret'
const SUM = `sha256:${'0'.repeat(64)}`

/** What each type may be given a secret for. */
const USES: Readonly<Record<string, readonly Readonly<Record<string, Value>>[]>> = {
  file: [
    { path: '/etc/a', content: VALUE },
    { path: '/etc/there', content: VALUE },
    { path: '/etc/there', content: VALUE, validate: ['/bin/tool', '{file}', VALUE] },
    { path: '/etc/there', line: `key=${VALUE}` },
    { path: '/etc/there', block: `${VALUE}\n` },
    { path: '/etc/link', link: `/srv/${VALUE}` },
  ],
  exec: [
    { argv: ['/bin/tool', VALUE], creates: '/srv/none' },
    { argv: ['/bin/tool'], env: { TOKEN: VALUE }, creates: '/srv/none' },
    { argv: ['/bin/tool'], onlyif: ['/bin/tool', VALUE] },
  ],
  user: [{ password: `$6$${VALUE}` }],
  cron: [
    { schedule: '1 2 * * *', argv: ['/bin/tool', VALUE] },
    { schedule: '1 2 * * *', argv: ['/bin/tool'], env: { T: VALUE } },
  ],
  timer: [{ schedule: 'daily', argv: ['/bin/tool', VALUE] }],
  git: [
    {
      repository: `https://me:${VALUE}@git.example.org/x.git`,
      path: '/srv/x',
      commit: '0123456789abcdef0123456789abcdef01234567',
    },
  ],
  mount: [{ path: '/mnt', device: '//nas/x', type: 'cifs', options: [`password=${VALUE}`] }],
  repository: [
    { uri: `https://me:${VALUE}@deb.example.org/`, suite: 'bookworm', components: ['main'], unsigned: true },
  ],
  download: [{ url: `https://example.org/x?token=${VALUE}`, path: '/srv/x', checksum: SUM }],
  archive: [{ url: `https://example.org/x.tgz?token=${VALUE}`, path: '/srv/x', checksum: SUM }],
  check: [{ exec: ['/bin/tool', VALUE] }],
  service: [{ state: 'running', status: ['/bin/tool', VALUE] }],
  package: [{ options: [`-oPass=${VALUE}`] }],
  sysctl: [{ value: VALUE }],
  ssh_keys: [{ keys: [`ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl ${VALUE}`] }],
}

/** A host whose tools repeat whatever they are given, and fail. */
function host(code: number): ToolLab {
  const echo: Recorded = (argv, { env, stdin }) => ({
    end: 'exit',
    code,
    output: `${argv.join(' ')} ${JSON.stringify(env)} ${stdin === undefined ? '' : new TextDecoder().decode(stdin)}`,
  })
  return new ToolLab({ '': echo }).lay({
    '/etc/there': 'before\n',
    '/etc/passwd': 'root:x:0:0:root:/root:/bin/sh\nx:x:1000:1000::/home/x:/bin/sh\n',
    '/etc/group': 'root:x:0:\nx:x:1000:\n',
    '/etc/shadow': 'root:*:1::::::\nx:*:1::::::\n',
    '/etc/cron.d/': '',
    '/etc/systemd/system/': '',
    '/run/systemd/system/': '',
    '/etc/apt/sources.list.d/': '',
    '/usr/bin/apt-get': '',
    '/usr/bin/crontab': '',
    '/etc/fstab': '',
    '/home/x/.ssh/': '',
    '/var/lib/dpkg/status': '',
    '/proc/sys/vm/': '',
    '/mnt/': '',
    '/srv/': '',
  })
}

describe('a secret in a resource of the type', () => {
  const cases = Object.entries(USES).flatMap(([type, uses]) => uses.map((attrs) => [type, attrs] as const))

  it.each(cases)('%s is in nothing that is said or remembered: %j', async (type, attrs) => {
    for (const code of [0, 1]) {
      const lab = host(code)
      const key = `${type}/x`
      const made = [resource('p', key, attrs, { sensitive: true, onRemove: 'undo' })]
      expect(RESOURCE_TYPES[type]?.bind(made[0] ?? resource('p', key, {}))).not.toBeTypeOf('string')
      const said = [
        await lab.runs.plan([inForce('p', made)]),
        await lab.runs.run([inForce('p', made)]),
        await lab.runs.run([inForce('p', made)]),
      ]
      const memory = JSON.stringify(lab.runs.memory)
      const gone = await lab.runs.run([inForce('p', [])])
      expect(JSON.stringify([said, gone])).not.toContain(VALUE)
      expect(memory).not.toContain(VALUE)
    }
  })
})
