import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { AptRepository } from './apt-repo.ts'
import { HostFleet, must } from './fleet.ts'
import type { Host, Ran } from './host.ts'

/** A service with a configuration that it refuses to start with: what nginx is to a web server. */
const WEB = {
  name: 'testweb',
  version: '1.0',
  files: {
    '/usr/sbin/testweb':
      '#!/bin/sh\n[ "$1" = -t ] && { ! grep -q syntax "$2"; exit; }\ngrep -q broken /etc/testweb.conf && exit 1\nexec sleep 1000000\n',
    '/etc/testweb.conf': 'port=80\n',
    '/lib/systemd/system/testweb.service':
      '[Service]\nExecStart=/usr/sbin/testweb\n[Install]\nWantedBy=multi-user.target\n',
  },
}

const SERVER = `policy: web/server
select: labels.role == 'web'
vars: { greeting: TBD }
resources:
  repository/test: { uri: "file:/srv/repo", suite: ./, source: repo.asc }
  package/testweb: {}
  user/webber: { shell: /bin/sh, system: true }
  file/conf:
    path: /etc/testweb.conf
    template: conf.liquid
    owner: webber
    mode: "0640"
    validate: [/usr/sbin/testweb, -t, "{file}"]
    require: [package/testweb]
    notify: [service/testweb]
  service/testweb: { state: running, enabled: true }
health: [ { exec: [systemctl, is-active, testweb], within: 5s } ]
`
const CONF = 'greeting={{ vars.greeting }}\nhost={{ node.name }}\n'

/** Its network is what a file says: the cable of the test, pulled from inside. */
const NET = `policy: base/net
select: node.name == 'h3'
vars: { link: TBD }
resources:
  file/apply:
    path: /usr/local/sbin/apply-net
    content: "#!/bin/sh\\nip link set $(ip -o link | grep -v LOOPBACK | cut -d: -f2 | cut -d@ -f1) $(cat /etc/net.state)\\n"
    mode: "0755"
  file/state: { path: /etc/net.state, content: "\${vars.link}\\n", require: [file/apply], notify: [exec/apply] }
  exec/apply: { argv: [/usr/local/sbin/apply-net], notifyOnly: true }
`

describe('a policy with package, configuration, service and user on three Debian hosts', () => {
  let fleet: HostFleet
  let repo: AptRepository

  beforeAll(async () => {
    fleet = await HostFleet.boot(3)
    repo = new AptRepository(join(fleet.host(0).root, 'srv/repo'))
    repo.add(WEB)
    for (const host of fleet.hosts) {
      const copy = join(host.root, 'srv/repo')
      if (copy !== repo.dir) cpSync(repo.dir, copy, { recursive: true })
      // The hosts have no way to Debian's own repository.
      rmSync(join(host.root, 'etc/apt/sources.list'), { force: true })
    }
    await fleet.formMesh()
  })

  afterAll(async () => {
    repo?.remove()
    await fleet?.remove()
  })

  function publish(from: Host, name: string, files: Readonly<Record<string, string>>, ...set: string[]): Ran {
    for (const [path, content] of Object.entries(files)) {
      const full = join(from.root, 'root', name, path)
      mkdirSync(dirname(full), { recursive: true })
      writeFileSync(full, content)
    }
    return from.exec(['chorus', 'publish', `/root/${name}`, '--local', ...set.flatMap((one) => ['--set', one])])
  }
  const publishServer = (greeting: string, from = fleet.host(0)): void => {
    const files = { 'policy.yaml': SERVER, 'conf.liquid': CONF, 'repo.asc': repo.key }
    must(publish(from, 'server', files, `greeting=${greeting}`))
  }
  const publishNet = (link: string): void => {
    must(publish(fleet.host(0), 'net', { 'policy.yaml': NET }, `link=${link}`))
  }
  const serves = async (host: Host, greeting: string, seconds = 60): Promise<void> => {
    await fleet.until(
      host,
      'cat /etc/testweb.conf; systemctl is-active testweb',
      ({ stdout }) => stdout === `greeting=${greeting}\nhost=${host.name}\nactive\n`,
      seconds,
    )
  }
  /** Nothing is on its way any more: no run, no question to a neighbour. */
  const wellEverywhere = async (): Promise<void> => {
    for (const host of fleet.hosts) await fleet.until(host, 'chorus status', ({ status }) => status === 0, 120)
  }
  const policyOn = (host: Host, policy: string) => {
    const { policies } = JSON.parse(host.sh('chorus status --json').stdout) as {
      policies: { policy: string; state: string; code: string | null }[]
    }
    return policies.find((one) => one.policy === policy)
  }

  it('is installed from a signed repository, configured from a template, validated, started, enabled, with its user', async () => {
    publishServer('Hello')
    for (const host of fleet.hosts) {
      await serves(host, 'Hello', 120)
      expect(must(host.sh('stat -c "%U %a" /etc/testweb.conf; systemctl is-enabled testweb')).stdout).toBe(
        'webber 640\nenabled\n',
      )
      expect(must(host.exec(['dpkg-query', '-W', '-f', '${Status}', 'testweb'])).stdout).toBe('install ok installed')
      await fleet.until(host, 'chorus status', ({ status }) => status === 0)
    }
  })

  it('changes nothing when it is checked again', () => {
    for (const host of fleet.hosts) {
      const before = must(host.sh('stat -c %z /etc/testweb.conf; systemctl show -p MainPID testweb')).stdout
      const { outcomes } = JSON.parse(must(host.sh('chorus converge --json')).stdout) as {
        outcomes: { state: string }[]
      }
      expect(new Set(outcomes.map(({ state }) => state))).toEqual(new Set(['kept']))
      expect(must(host.sh('stat -c %z /etc/testweb.conf; systemctl show -p MainPID testweb')).stdout).toBe(before)
    }
  })

  it('is repaired after drift: the file at once, service, package and user with the next check', async () => {
    const host = fleet.host(1)
    must(host.sh('echo oops > /etc/testweb.conf'))
    await serves(host, 'Hello', 10)
    must(host.sh('systemctl disable --now testweb; usermod -s /bin/bash webber'))
    await fleet.until(host, 'chorus converge', ({ status }) => status === 0)
    expect(must(host.sh('systemctl is-enabled testweb; getent passwd webber')).stdout).toMatch(
      /enabled\nwebber.*:\/bin\/sh\n/,
    )
    must(host.sh('apt-get -qq -y remove testweb'))
    await fleet.until(host, 'chorus converge', ({ status }) => status === 0)
    await serves(host, 'Hello', 10)
  })

  it('that is refused by its validation leaves everything as it is', async () => {
    publishServer('syntax')
    const host = fleet.host(2)
    await fleet.until(host, 'chorus status --json', ({ stdout }) => stdout.includes('E_VALIDATE'))
    await serves(host, 'Hello', 5)
    publishServer('Hello again')
    await serves(host, 'Hello again')
  })

  it('that breaks its service falls back to the last good version, says so, and is not tried again', async () => {
    publishServer('broken')
    for (const host of fleet.hosts) {
      await fleet.until(host, 'chorus status --json', ({ stdout }) => stdout.includes('E_HEALTH'), 90)
      await serves(host, 'Hello again', 30)
      expect(policyOn(host, 'web/server')).toMatchObject({ state: 'failed', code: 'E_HEALTH' })
    }
    const host = fleet.host(0)
    must(host.sh('systemctl restart chorus'))
    await fleet.until(host, 'chorus status', ({ status }) => status === 3)
    await serves(host, 'Hello again', 20)
    publishServer('Mended')
    for (const one of fleet.hosts) await serves(one, 'Mended')
  })

  it('reaches a host whose cable was cut, and one that was off', async () => {
    const [cut, off] = [fleet.host(1), fleet.host(2)]
    await wellEverywhere()
    fleet.cutCable(cut)
    publishServer('Late')
    await serves(off, 'Late')
    expect(cut.sh('cat /etc/testweb.conf').stdout).toContain('Mended')
    fleet.mendCable(cut)
    await serves(cut, 'Late', 120)
    await wellEverywhere()
    await off.shutDown()
    publishServer('Later')
    await serves(cut, 'Later')
    await off.boot()
    await serves(off, 'Later', 120)
  })

  it('that cuts a host off from the others is taken back by that host itself', async () => {
    const host = fleet.host(2)
    await wellEverywhere()
    publishNet('up')
    await fleet.until(host, 'cat /etc/net.state', ({ stdout }) => stdout === 'up\n')
    await fleet.until(host, 'chorus status', ({ status }) => status === 0)
    publishNet('down')
    await fleet.until(host, 'cat /etc/net.state', ({ stdout }) => stdout === 'down\n')
    await fleet.until(host, 'cat /etc/net.state', ({ stdout }) => stdout === 'up\n', 150)
    await fleet.until(host, 'chorus status --json', ({ stdout }) => stdout.includes('E_CUT_OFF'))
    await fleet.until(fleet.host(0), 'chorus nodes --json', ({ stdout }) => stdout.includes('E_CUT_OFF'), 120)
    expect(must(host.sh('ip -o link | grep -v LOOPBACK')).stdout).toContain('state UP')
  })

  it('is there after a reboot', async () => {
    const host = fleet.host(1)
    await host.shutDown()
    await host.boot()
    await serves(host, 'Later', 120)
    await fleet.until(host, 'chorus status', ({ status }) => status === 0)
  })

  it('that is retired takes its user with it and leaves the rest', async () => {
    must(fleet.host(0).sh('chorus retire web/server --yes'))
    for (const host of fleet.hosts) {
      await fleet.until(host, 'getent passwd webber', ({ status }) => status !== 0)
      expect(must(host.sh('systemctl is-active testweb; cat /etc/testweb.conf')).stdout).toContain(
        'active\ngreeting=Later',
      )
    }
  })
})
