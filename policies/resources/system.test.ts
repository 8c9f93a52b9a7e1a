import { describe, expect, it } from 'vitest'
import { resource } from '../testing/converge.ts'
import { ToolLab } from '../testing/tools.ts'
import { cron } from './cron.ts'
import { git } from './git.ts'
import { mount } from './mount.ts'
import { cronCommand, systemdCommand } from './quoting.ts'
import { RESOURCE_TYPES } from './table.ts'

const KEPT = 'kept: as it should be'

/** A host whose kernel has values that can be read and set. */
function kernel(values: Record<string, string>) {
  const lab: ToolLab = new ToolLab({
    cat: (argv) => `${values[argv.at(-1) ?? ''] ?? ''}\n`,
    'tee --': (argv, { stdin }) => {
      values[argv[2] ?? ''] = new TextDecoder().decode(stdin).trim()
      return ''
    },
  }).lay(Object.fromEntries(Object.keys(values).map((path) => [path, ''])))
  return { lab, values }
}

it('no secret is in what is said of a change', async () => {
  const { lab } = kernel({ '/proc/sys/a': '0' })
  lab.put('/etc/passwd', 'alice:x:1000:1000:old:/home/alice:/bin/sh\n')
  lab.answers.set('usermod', '')
  const secret = { sensitive: true }
  const said = [
    await lab.one('sysctl/a', { value: 's3cret' }, secret),
    await lab.one('user/alice', { comment: 's3cret', shell: '/bin/s3cret' }, secret),
    await lab.one('mount/x', { path: '/x', device: '//u:s3cret@h/x', type: 'cifs', state: 'known' }, secret),
    await lab.one('cron/x', { schedule: '@daily', argv: ['/bin/x', 's3cret'] }, secret),
    await lab.one('check/x', { exec: ['/bin/s3', 's3cret'], retries: 0 }, secret),
  ]
  expect(said.join('\n')).not.toContain('s3cret')
})

describe('sysctl', () => {
  it('sets the value now and for the next start, repairs drift, and takes it back', async () => {
    const { lab, values } = kernel({ '/proc/sys/net/ipv4/ip_forward': '0' })
    const run = () => lab.one('sysctl/net.ipv4.ip_forward', { value: 1 }, { onRemove: 'undo' })
    expect(await run()).toBe('changed wanted: new file, 45 bytes, net.ipv4.ip_forward 0 -> 1')
    expect(values).toEqual({ '/proc/sys/net/ipv4/ip_forward': '1' })
    expect(lab.text('/etc/sysctl.d/90-chorus-net.ipv4.ip_forward.conf')).toContain('net.ipv4.ip_forward = 1\n')
    expect(await run()).toBe(KEPT)
    values['/proc/sys/net/ipv4/ip_forward'] = '0'
    expect(await run()).toBe('repaired corrective: net.ipv4.ip_forward 0 -> 1')
    await lab.all([])
    expect(values).toEqual({ '/proc/sys/net/ipv4/ip_forward': '0' })
    expect(lab.text('/etc/sysctl.d/90-chorus-net.ipv4.ip_forward.conf')).toBeUndefined()
  })

  it('compares several numbers whatever blanks are between them, and names with dots in them', async () => {
    const { lab } = kernel({
      '/proc/sys/net/ipv4/tcp_rmem': '4096\t131072\t6291456',
      '/proc/sys/net/ipv4/conf/eth0.1/rp_filter': '1',
    })
    expect(await lab.one('sysctl/net.ipv4.tcp_rmem', { value: '4096 131072 6291456', persist: false })).toBe(KEPT)
    expect(await lab.one('sysctl/x', { key: 'net.ipv4.conf.eth0/1.rp_filter', value: 1, persist: false })).toBe(KEPT)
  })

  it('that the kernel does not have says so, and nothing leaves /proc/sys', async () => {
    const { lab } = kernel({})
    expect(await lab.one('sysctl/kernel.nothing', { value: 1 })).toContain('E_NOT_FOUND')
    expect(await lab.one('sysctl/kernel...x', { value: 1 })).toContain('E_VALUE')
  })
})

it('a hostname is set now and for the next start', async () => {
  const { lab, values } = kernel({ '/proc/sys/kernel/hostname': 'old' })
  expect(await lab.one('hostname/web-1', {})).toBe('changed wanted: new file, 6 bytes, old -> web-1')
  expect(values['/proc/sys/kernel/hostname']).toBe('web-1')
  expect(await lab.one('hostname/web-1', {})).toBe(KEPT)
  expect(await lab.one('hostname/-x', {})).toContain('E_VALUE')
  // As in a container, where its own tool names the host all the same.
  lab.answers.set('tee -- /proc/sys/kernel/hostname', { code: 1, output: 'tee: Read-only file system' })
  expect(await lab.one('hostname/web-2', {})).toContain('failed wanted E_EXIT')
  lab.answers.set('hostname web-3', '')
  expect(await lab.one('hostname/web-3', {})).toContain('changed wanted')
})

describe('a kernel module', () => {
  it('is loaded, or kept out', async () => {
    const lab: ToolLab = new ToolLab({
      'modprobe -- br_netfilter': () => {
        lab.lay({ '/sys/module/br_netfilter/': '' })
        return ''
      },
      'modprobe -r -- br_netfilter': () => {
        lab.host.rmdir('/sys/module/br_netfilter')
        return ''
      },
    }).lay({ '/sys/module/': '' })
    expect(await lab.one('kernel_module/br_netfilter', { options: 'a=1' })).toContain('load')
    expect(lab.text('/etc/modprobe.d/chorus-br_netfilter.conf')).toContain('options br_netfilter a=1\n')
    expect(await lab.one('kernel_module/br_netfilter', { options: 'a=1' })).toBe(KEPT)
    expect(await lab.one('kernel_module/br_netfilter', { state: 'absent' })).toContain('unload')
    expect(lab.text('/etc/modprobe.d/chorus-br_netfilter.conf')).toContain('blacklist br_netfilter\n')
    expect(lab.text('/etc/modules-load.d/chorus-br_netfilter.conf')).toBeUndefined()
  })
})

describe('a host entry', () => {
  const HOSTS = '127.0.0.1\tlocalhost\n# ours\n10.0.0.1 db old.db # the database\n10.0.0.9\tdb\n'

  it('has its line where it stood, and lines of others stay', async () => {
    const lab = new ToolLab({}).lay({ '/etc/hosts': HOSTS })
    expect(await lab.one('host_entry/db', { ip: '10.0.0.2', aliases: ['db.example.org'] })).toBe(
      'changed wanted: new content',
    )
    expect(lab.text('/etc/hosts')).toBe(
      '127.0.0.1\tlocalhost\n# ours\n10.0.0.2\tdb db.example.org\n10.0.0.1\told.db # the database\n',
    )
    expect(await lab.one('host_entry/db', { ip: '10.0.0.2', aliases: ['db.example.org'] })).toBe(KEPT)
    await lab.one('host_entry/db', { ip: '10.0.0.2' }, { onRemove: 'undo' })
    expect(lab.text('/etc/hosts')).not.toContain('db.example.org')
    await lab.all([])
    expect(lab.text('/etc/hosts')).toBe('127.0.0.1\tlocalhost\n# ours\n10.0.0.1\told.db # the database\n')
  })
})

describe('a mount', () => {
  const DATA = { path: '/data', device: 'UUID=1-2', type: 'ext4', options: ['noatime', 'nofail'] }

  function host() {
    const mounted = new Set(['/'])
    const lab: ToolLab = new ToolLab({
      'cat /proc/self/mounts': () => [...mounted].map((path) => `/dev/x ${path} ext4 rw 0 0\n`).join(''),
      'mount -- /data': () => {
        mounted.add('/data')
        return ''
      },
      'umount -- /data': () => {
        mounted.delete('/data')
        return ''
      },
      'mount -o remount -- /data': '',
    }).lay({ '/etc/fstab': '# static\n/dev/x / ext4 defaults 0 1\n', '/proc/self/mounts': '' })
    return { lab, mounted }
  }

  it('is in fstab and mounted, remounted when its options change, and gone again', async () => {
    const { lab, mounted } = host()
    expect(await lab.one('mount/data', DATA, { onRemove: 'undo' })).toBe(
      'changed wanted: /etc/fstab: new content, mount',
    )
    expect(lab.text('/etc/fstab')).toBe(
      '# static\n/dev/x / ext4 defaults 0 1\nUUID=1-2\t/data\text4\tnoatime,nofail\t0\t0\n',
    )
    expect(lab.host.lstat('/data')?.kind).toBe('folder')
    expect(await lab.one('mount/data', DATA, { onRemove: 'undo' })).toBe(KEPT)
    mounted.delete('/data')
    expect(await lab.one('mount/data', DATA, { onRemove: 'undo' })).toBe('repaired corrective: mount')
    expect(await lab.one('mount/data', { ...DATA, options: ['ro'] }, { onRemove: 'undo' })).toContain('remount')
    await lab.all([])
    expect(lab.text('/etc/fstab')).toBe('# static\n/dev/x / ext4 defaults 0 1\n')
    expect([...mounted]).toEqual(['/'])
  })

  it('can be known only, or absent; what could be an option is refused', async () => {
    const { lab } = host()
    expect(await lab.one('mount/data', { ...DATA, state: 'known' })).toBe('changed wanted: /etc/fstab: new content')
    expect(await lab.one('mount/data', { path: '/data', state: 'absent' })).toBe(
      'changed wanted: /etc/fstab: new content',
    )
    expect(mount.bind(resource('p', 'mount/x', { ...DATA, device: '-o' }))).toContain('device')
    expect(mount.bind(resource('p', 'mount/x', { path: '/x' }))).toContain('needs device and type')
  })
})

describe('cron', () => {
  it('has a file of one line, quoted for its shell', async () => {
    const lab = new ToolLab({})
    const attrs = {
      schedule: '*/5 3 * * 1-5',
      argv: ['/bin/backup', '--to', "it's 100%"],
      user: 'alice',
      env: { MAILTO: 'ops@example.org' },
    }
    await lab.one('cron/backup', attrs)
    expect(lab.text('/etc/cron.d/backup')).toBe(
      `# Managed by Chorus.\nMAILTO="ops@example.org"\n*/5 3 * * 1-5 alice /bin/backup --to 'it'\\''s 100\\%'\n`,
    )
    expect(await lab.one('cron/backup', attrs)).toBe(KEPT)
    expect(await lab.one('cron/backup', { state: 'absent' })).toContain('changed')
    expect(await lab.one('cron/back.up', attrs)).toContain('E_VALUE: cron would skip')
  })

  it('refuses what would be two lines, or no schedule', () => {
    const problem = (attrs: Parameters<typeof resource>[2]) => cron.bind(resource('p', 'cron/x', attrs))
    expect(problem({ schedule: '@daily', argv: ['a', 'b\n* * * * * root evil'] })).toContain('control characters')
    expect(problem({ schedule: '* * * *', argv: ['a'] })).toContain('five fields')
    expect(problem({ schedule: '@daily', argv: ['a'], env: { A: 'x\ny' } })).toContain('one line')
  })
})

describe('a timer', () => {
  it('is two units, enabled and started; off and gone with its policy', async () => {
    let active = 'inactive'
    let file = 'disabled'
    const lab: ToolLab = new ToolLab({
      'systemctl show': () =>
        lab.text('/etc/systemd/system/backup.timer') === undefined
          ? 'LoadState=not-found\nActiveState=inactive\n'
          : `LoadState=loaded\nActiveState=${active}\nUnitFileState=${file}\nNeedDaemonReload=no\n`,
      'systemctl daemon-reload': '',
      'systemctl enable': () => {
        file = 'enabled'
        return ''
      },
      'systemctl restart': () => {
        active = 'active'
        return ''
      },
      'systemctl start': () => {
        active = 'active'
        return ''
      },
      'systemctl disable --now': () => {
        active = 'inactive'
        file = 'disabled'
        return ''
      },
    }).lay({ '/run/systemd/system/': '', '/etc/systemd/system/': '' })
    const attrs = {
      schedule: 'daily',
      argv: ['/bin/backup', '$HOME 100%'],
      persistent: true,
      randomDelay: '30m',
      user: 'alice',
    }
    expect(await lab.one('timer/backup', attrs, { onRemove: 'undo' })).toContain('changed wanted')
    expect(lab.text('/etc/systemd/system/backup.timer')).toContain(
      'OnCalendar=daily\nAccuracySec=1s\nPersistent=true\nRandomizedDelaySec=1800000ms\n',
    )
    expect(lab.text('/etc/systemd/system/backup.service')).toContain(
      'User=alice\nExecStart="/bin/backup" "$$HOME 100%%"\n',
    )
    expect(await lab.one('timer/backup', attrs, { onRemove: 'undo' })).toBe(KEPT)
    active = 'inactive'
    expect(await lab.one('timer/backup', attrs, { onRemove: 'undo' })).toBe('repaired corrective: enable and start')
    await lab.all([])
    expect([active, file, lab.text('/etc/systemd/system/backup.timer')]).toEqual(['inactive', 'disabled', undefined])
  })
})

describe('git', () => {
  const COMMIT = '0123456789abcdef0123456789abcdef01234567'
  const ATTRS = { repository: 'https://git.example.org/app.git', commit: COMMIT, path: '/srv/app' }

  it('checks out one commit, and puts back what was changed', async () => {
    let head = ''
    let status = ''
    const lab: ToolLab = new ToolLab({
      git: (argv) => {
        const words = argv.slice(argv.indexOf('-C') + 2)
        switch (words[0]) {
          case 'init':
            lab.lay({ '/srv/app/.git/': '' })
            return ''
          case 'rev-parse':
            return head === '' ? { code: 1 } : head
          case 'checkout':
            head = words.at(-1) ?? ''
            status = ''
            return ''
          case 'cat-file':
            return { code: 128, output: 'fatal: could not get object info' }
          case 'status':
            return status
          default:
            return ''
        }
      },
    })
    expect(await lab.one('git/app', ATTRS)).toBe('changed wanted: nothing -> 0123456789ab')
    expect(lab.commands.every((line) => line.includes('-c core.hooksPath=/dev/null'))).toBe(true)
    expect(lab.commands.join()).toContain(`fetch -q --depth=1 -- https://git.example.org/app.git ${COMMIT}`)
    expect(await lab.one('git/app', ATTRS)).toBe(KEPT)
    status = ' M index.html'
    expect(await lab.one('git/app', ATTRS)).toBe('repaired corrective: put back files that were changed')
    lab.lay({ '/srv/other/mine': '' })
    expect(await lab.one('git/other', { ...ATTRS, path: '/srv/other' })).toContain('E_IN_THE_WAY')
  })

  it('refuses branches, and what git would run', () => {
    const problem = (attrs: object) => git.bind(resource('p', 'git/x', { ...ATTRS, ...attrs }))
    expect(problem({ commit: 'main' })).toContain('whole id of a commit')
    expect(problem({ repository: 'ext::sh -c evil' })).toContain('URL')
    expect(problem({ repository: '--upload-pack=evil' })).toContain('URL')
  })
})

it('words stay words for cron and systemd', () => {
  expect(cronCommand(['/bin/a', '', '; rm'])).toBe("/bin/a '' '; rm'")
  expect(systemdCommand(['/bin/a', 'x"y\\z', '%h'])).toBe(String.raw`"/bin/a" "x\"y\\z" "%%h"`)
})

it('every attribute of every type is described', () => {
  const silent = Object.entries(RESOURCE_TYPES).flatMap(([name, { schema }]) =>
    Object.entries(schema.shape).flatMap(([attr, one]) =>
      (one as { description?: string }).description === undefined ? [`${name}.${attr}`] : [],
    ),
  )
  expect(silent).toEqual([])
})
