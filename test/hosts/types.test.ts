import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { AptRepository } from './apt-repo.ts'
import { HostFleet, must } from './fleet.ts'
import type { Host, Ran } from './host.ts'

/** A daemon that sleeps, reads its configuration, and is a service: what nginx is to a web server. */
function web(version: string) {
  return {
    name: 'testweb',
    version,
    control: ['Depends: testlib'],
    files: {
      '/usr/sbin/testweb': '#!/bin/sh\ngrep -q broken /etc/testweb.conf && exit 1\nexec sleep 1000000\n',
      '/etc/testweb.conf': 'port=80\n',
      '/lib/systemd/system/testweb.service':
        '[Service]\nExecStart=/usr/sbin/testweb\nExecReload=/bin/touch /run/testweb-reloaded\n[Install]\nWantedBy=multi-user.target\n',
    },
  }
}

const PACKAGES = [
  web('1.0'),
  web('1.1'),
  { name: 'testlib', version: '2:3-1' },
  { name: 'slow', version: '1', scripts: { postinst: '#!/bin/sh\nsleep 8\n' } },
  // Stands for sudo: what the second policy of the language page validates with.
  { name: 'sudo', version: '1', files: { '/usr/sbin/visudo': '#!/bin/sh\n[ "$1" = -cf ] && ! grep -q syntax "$2"\n' } },
]

const SERVER = `policy: web/server
select: "true"
vars: { version: "1.0", port: 8080, key: "" }
resources:
  repository/test: { uri: "file:/srv/repo", suite: ./, source: repo.asc }
  package/testweb: { version: "\${vars.version}", hold: true }
  group/webops: { gid: 2000 }
  user/webber: { groups: [webops], shell: /bin/bash, comment: Runs the web }
  file/conf:
    path: /etc/testweb.conf
    content: "port=\${vars.port}\\n"
    group: webops
    mode: "0640"
    require: [package/testweb]
    notify: [service/testweb]
  service/testweb: { state: running, enabled: true, onNotify: reload }
`

/** The second and third policy of the language page as they stand. */
const page = (name: string): string => readFileSync(join('policies/language/page', `${name}.txt`), 'utf8')

const KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl'

describe('one Debian host with systemd, by chorus converge', () => {
  let fleet: HostFleet
  let host: Host
  let repo: AptRepository

  beforeAll(async () => {
    fleet = await HostFleet.boot(1)
    host = fleet.host(0)
    repo = new AptRepository(join(host.root, 'srv/repo'))
    repo.add(...PACKAGES)
    // The host has no way to Debian's own repository.
    rmSync(join(host.root, 'etc/apt/sources.list'), { force: true })
  })

  afterAll(async () => {
    repo?.remove()
    await fleet?.remove()
  })

  function put(path: string, content: string): void {
    const full = join(host.root, path)
    mkdirSync(dirname(full), { recursive: true })
    writeFileSync(full, content)
  }

  function lay(name: string, files: Readonly<Record<string, string>>): string {
    for (const [path, content] of Object.entries(files)) put(join('root', name, path), content)
    return `/root/${name}`
  }

  const converge = (dir: string, ...more: string[]): Ran =>
    host.exec(['chorus', 'converge', dir, '--state', '/var/lib/chorus-test', ...more])

  /** Key and state of every resource. */
  function statesOf(ran: Ran): Record<string, string> {
    if (ran.stdout === '') throw new Error(`nothing was printed: ${JSON.stringify(ran)}`)
    const { outcomes } = JSON.parse(ran.stdout) as { outcomes: { key: string; state: string; reason: string }[] }
    return Object.fromEntries(outcomes.map(({ key, state }) => [key, state]))
  }

  const server = (...set: string[]): string[] => [
    lay('server', { 'policy.yaml': SERVER, 'repo.asc': repo.key }),
    ...set.flatMap((one) => ['--set', one]),
  ]
  const run = ([dir = '', ...more]: readonly string[]): Ran => converge(dir, ...more, '--json')

  it('says in a plan what it would do, and does nothing', () => {
    const states = statesOf(run([...server(), '--dry-run']))
    expect(states['package/testweb']).toBe('changed')
    expect(states['service/testweb']).toBe('waiting')
    expect(host.sh('dpkg -s testweb').status).not.toBe(0)
    expect(host.sh('getent passwd webber').status).not.toBe(0)
  })

  it('installs a package from a signed repository, configures, starts and enables its service, makes its user', () => {
    const ran = run(server())
    expect(new Set(Object.values(statesOf(ran))), ran.stdout).toEqual(new Set(['changed']))
    expect(ran.status).toBe(0)
    expect(must(host.sh('dpkg-query -W -f "\\${Status} \\${Version} " testweb testlib')).stdout).toBe(
      'install ok installed 2:3-1 hold ok installed 1.0 ',
    )
    expect(must(host.sh('systemctl is-active testweb; systemctl is-enabled testweb')).stdout).toBe('active\nenabled\n')
    expect(must(host.sh('id -nG webber; stat -c "%U %G %a" /etc/testweb.conf')).stdout).toBe(
      'webber webops\nroot webops 640\n',
    )
  })

  it('changes nothing in a second run', () => {
    const ran = run(server())
    expect(new Set(Object.values(statesOf(ran))), ran.stdout).toEqual(new Set(['kept']))
  })

  it('reloads the service once when its configuration changes, and does not restart it', () => {
    const pid = () => must(host.sh('systemctl show -p MainPID --value testweb')).stdout
    const before = pid()
    expect(statesOf(run(server('port=8081')))).toMatchObject({ 'file/conf': 'changed', 'service/testweb': 'changed' })
    expect(host.sh('test -e /run/testweb-reloaded').status).toBe(0)
    expect(pid()).toBe(before)
  })

  it.each([
    ['package/testweb', 'apt-get -q -y --allow-change-held-packages remove testweb', 'dpkg -s testweb'],
    [
      'service/testweb',
      'systemctl disable --now testweb',
      'systemctl is-active testweb && systemctl is-enabled testweb',
    ],
    [
      'user/webber',
      'usermod -s /bin/sh webber && gpasswd -d webber webops',
      'id -nG webber | grep webops && getent passwd webber | grep bash',
    ],
    ['file/conf', 'echo port=1 > /etc/testweb.conf', 'grep port=8081 /etc/testweb.conf'],
    ['repository/test', 'rm /etc/apt/sources.list.d/test.sources', 'test -e /etc/apt/sources.list.d/test.sources'],
  ])('repairs drift in %s', (key, breaking, check) => {
    must(host.sh(breaking))
    const ran = run(server('port=8081'))
    expect(statesOf(ran)[key], ran.stdout).toBe('repaired')
    expect(host.sh(check).status, ran.stdout).toBe(0)
    expect(new Set(Object.values(statesOf(run(server('port=8081')))))).toEqual(new Set(['kept']))
  })

  it('brings another exact version and keeps the configuration that it wrote', () => {
    const ran = run(server('port=8081', 'version="1.1"'))
    expect(statesOf(ran)['package/testweb'], ran.stdout).toBe('changed')
    expect(must(host.sh('dpkg-query -W -f "\\${Status} \\${Version}" testweb')).stdout).toBe('hold ok installed 1.1')
    expect(readFileSync(join(host.root, 'etc/testweb.conf'), 'utf8')).toBe('port=8081\n')
    expect(statesOf(run(server('port=8081')))['package/testweb']).toBe('changed')
    expect(must(host.sh('dpkg-query -W -f "\\${Version}" testweb')).stdout).toBe('1.0')
  })

  const removeWeb = 'apt-get -q -y --allow-change-held-packages remove testweb'
  const tryApt = 'apt-get -q -y -o DPkg::Lock::Timeout=0 install --reinstall testlib'

  it('repairs a dpkg that was interrupted', () => {
    must(host.sh(removeWeb))
    // A journal of dpkg that was cut off: what is left after a power cut.
    must(host.sh('touch /var/lib/dpkg/updates/0000'))
    expect(host.sh(tryApt).stderr).toContain('dpkg was interrupted')
    const ran = run(server('port=8081'))
    expect(statesOf(ran)['package/testweb'], ran.stdout).toBe('repaired')
  })

  it('waits while somebody else holds the lock of dpkg', () => {
    must(host.sh(removeWeb))
    must(host.sh('setsid apt-get -q -y install slow > /dev/null 2>&1 & sleep 2'))
    expect(host.sh(tryApt).stderr).toContain('Could not get lock')
    const ran = run(server('port=8081'))
    expect(statesOf(ran)['package/testweb'], ran.stdout).toBe('repaired')
  })

  it('manages users by layers, as the second policy of the language page says', () => {
    const common = (alice: string): string =>
      `users:\n  bob: { groups: [], keys: ["${KEY} bob@home"] }\n  alice: ${alice}\n`
    const files = (alice: string) => ({ 'policy.yaml': page('users'), 'data/common.yaml': common(alice) })
    const alice = `{ groups: [adm], keys: ["${KEY} alice@laptop"], sudo: "alice ALL=(ALL) ALL" }`
    lay('tools', {
      'policy.yaml':
        'policy: base/tools\nselect: "true"\nresources:\n  package/sudo: {}\n  repository/test: { uri: "file:/srv/repo", suite: ./, source: repo.asc }\n',
      'repo.asc': repo.key,
    })
    must(host.exec(['chorus', 'converge', '/root/tools', '--state', '/var/lib/chorus-tools']))
    const users = (...more: string[]): Ran =>
      host.exec([
        'chorus',
        'converge',
        '/root/users',
        '--state',
        '/var/lib/chorus-users',
        '--label',
        'env=prod',
        '--json',
        ...more,
      ])
    lay('users', files(alice))
    const first = users()
    expect(new Set(Object.values(statesOf(first))), first.stdout).toEqual(new Set(['changed']))
    expect(
      must(
        host.sh('id -nG alice; stat -c "%U %a" /home/alice/.ssh /home/alice/.ssh/authorized_keys /etc/sudoers.d/alice'),
      ).stdout,
    ).toBe('alice adm\nalice 700\nalice 600\nroot 440\n')
    expect(new Set(Object.values(statesOf(users())))).toEqual(new Set(['kept']))
    must(
      host.sh(
        'echo "ssh-ed25519 AAAAevil intruder" >> /home/alice/.ssh/authorized_keys; passwd -q -l bob; userdel bob',
      ),
    )
    expect(statesOf(users())).toMatchObject({ 'ssh_keys/alice': 'repaired', 'user/bob': 'repaired' })
    expect(host.sh('cat /home/alice/.ssh/authorized_keys').stdout).toBe(`${KEY} alice@laptop\n`)
    lay('users', files('null'))
    const last = users()
    expect(statesOf(last)['user/alice'], last.stdout).toBe('changed')
    expect(host.sh('getent passwd alice').status).not.toBe(0)
    expect(host.sh('test -e /etc/sudoers.d/alice').status).not.toBe(0)
    expect(host.sh('getent passwd bob').status).toBe(0)
  })

  it('releases an application, as the third policy of the language page says', () => {
    // What the policy expects of its host: a unit, and a load balancer to be told.
    put('root/server.js', "require('http').createServer((_, answer) => answer.end('well')).listen(8080)\n")
    put(
      'etc/systemd/system/shop.service',
      '[Service]\nExecStart=/opt/chorus/bin/node /root/server.js\n[Install]\nWantedBy=multi-user.target\n',
    )
    put('usr/local/bin/lb', '#!/bin/sh\necho $1 >> /root/lb\n')
    const migrate = '#!/bin/sh\necho migrated >> /root/migrations\n'
    lay('shop-files', { '1.10/migrate': migrate, '1.10/index.html': 'one\n', '1.11/migrate': migrate })
    must(host.sh('chmod 755 /usr/local/bin/lb /root/shop-files/*/migrate'))
    const release = (version: string): Ran => {
      must(host.sh(`mkdir -p /root/shop && tar -czf /root/shop/shop.tgz -C /root/shop-files/${version} .`))
      lay('shop', { 'policy.yaml': page('shop'), 'data/env/prod.yaml': `migrator: h1\nversion: "${version}"\n` })
      const labels = ['--label', 'env=prod', '--label', 'app=shop']
      return host.exec([
        'chorus',
        'converge',
        '/root/shop',
        '--state',
        '/var/lib/chorus-shop',
        '--name',
        'h1',
        '--json',
        ...labels,
      ])
    }
    const first = release('1.10')
    expect(first.status, first.stdout + first.stderr).toBe(0)
    expect(
      must(host.sh('readlink /srv/shop/current; cat /srv/shop/current/index.html; systemctl is-active shop')).stdout,
    ).toBe('/srv/shop/1.10\none\nactive\n')
    const second = release('1.10')
    expect(new Set(Object.values(statesOf(second))), second.stdout).toEqual(new Set(['kept']))
    const next = release('1.11')
    expect(next.status, next.stdout + next.stderr).toBe(0)
    expect(must(host.sh('readlink /srv/shop/current; ls /srv/shop; cat /root/lb')).stdout).toBe(
      '/srv/shop/1.11\n1.10\n1.11\ncurrent\ndrain\nundrain\ndrain\nundrain\n',
    )
  })

  it('keeps timers, mounts and names, and repairs them', () => {
    lay('system', {
      'policy.yaml': `policy: base/system
select: "true"
resources:
  timer/tick: { schedule: "*:*:0/2", argv: [/bin/sh, -c, "echo '100%' >> /root/ticks"] }
  cron/nightly: { schedule: "@daily", argv: [/bin/echo, "it's"] }
  host_entry/db: { ip: 10.0.0.5, aliases: [db.example.org] }
  mount/scratch: { path: /mnt/scratch, device: tmpfs, type: tmpfs, options: [size=4m] }
  check/tick: { exec: [grep, "100%", /root/ticks], grace: 10s, require: [timer/tick] }
`,
    })
    const system = (): Ran =>
      host.exec(['chorus', 'converge', '/root/system', '--state', '/var/lib/chorus-system', '--json'])
    const first = statesOf(system())
    expect(first).toMatchObject({ 'timer/tick': 'changed', 'mount/scratch': 'changed', 'check/tick': 'kept' })
    expect(must(host.sh('getent hosts db.example.org; findmnt -n -o FSTYPE /mnt/scratch')).stdout).toMatch(
      /^10\.0\.0\.5 .*\ntmpfs\n$/,
    )
    must(
      host.sh(
        'umount /mnt/scratch; systemctl stop tick.timer; sed -i /db.example.org/d /etc/hosts; rm /etc/cron.d/nightly',
      ),
    )
    const second = statesOf(system())
    for (const key of ['timer/tick', 'cron/nightly', 'host_entry/db', 'mount/scratch'])
      expect(second[key], key).toBe('repaired')
    expect(new Set(Object.values(statesOf(system())))).toEqual(new Set(['kept']))
  })

  it('takes back what the policy says, and leaves the rest', () => {
    lay('server', {
      'policy.yaml': 'policy: web/server\nselect: "true"\nresources:\n  assert/nothing: { that: true }\n',
    })
    const ran = converge('/root/server', '--json')
    expect(statesOf(ran)['user/webber'], ran.stdout).toBe('changed')
    expect(host.sh('getent passwd webber').status).not.toBe(0)
    expect(host.sh('dpkg -s testweb && systemctl is-active testweb').status).toBe(0)
  })
})
