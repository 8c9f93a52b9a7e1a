import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { AptRepository } from './apt-repo.ts'
import { HostFleet, must } from './fleet.ts'
import type { Host } from './host.ts'

/** Notes with which configuration it was started or told to read it again; installing it takes its time. */
function web(version: string) {
  return {
    name: 'testweb',
    version,
    scripts: { postinst: '#!/bin/sh\nsleep 1\n' },
    files: {
      '/usr/sbin/testweb': '#!/bin/sh\ncat /etc/testweb.d/site > /run/testweb-serves\nexec sleep 1000000\n',
      '/lib/systemd/system/testweb.service':
        '[Service]\nExecStart=/usr/sbin/testweb\nExecReload=/bin/cp /etc/testweb.d/site /run/testweb-serves\n[Install]\nWantedBy=multi-user.target\n',
    },
  }
}

/** From the start of a run: in the files, in dpkg, in its postinst, in the reload, after everything. ms */
const MOMENTS = [60, 150, 400, 900, 1_600, 2_500]

describe('a daemon that is killed in the middle of its work on a Debian host', () => {
  let fleet: HostFleet
  let host: Host
  let repo: AptRepository

  beforeAll(async () => {
    fleet = await HostFleet.boot(1)
    host = fleet.host(0)
    repo = new AptRepository(join(host.root, 'srv/repo'))
    repo.add(...MOMENTS.map((_, i) => web(`1.${i}`)))
    rmSync(join(host.root, 'etc/apt/sources.list'), { force: true })
    await fleet.formMesh()
  })

  afterAll(async () => {
    repo?.remove()
    await fleet?.remove()
  })

  function publish(version: number): void {
    const dir = join(host.root, 'root/server')
    const files = Array.from(
      { length: 40 },
      (_, i) => `  file/f${i}: { path: /etc/testweb.d/f${i}, content: "${version}\\n" }`,
    )
    const policy = `policy: web/server
select: "true"
resources:
  repository/test: { uri: "file:/srv/repo", suite: ./, source: repo.asc }
  package/testweb: { version: "1.${version}" }
  file/site: { path: /etc/testweb.d/site, content: "site ${version}\\n", notify: [service/testweb] }
  service/testweb: { state: running, enabled: true, onNotify: reload, require: [file/site] }
  user/webber: { comment: "version ${version}" }
${files.join('\n')}
`
    mkdirSync(dirname(join(dir, 'policy.yaml')), { recursive: true })
    writeFileSync(join(dir, 'policy.yaml'), policy)
    writeFileSync(join(dir, 'repo.asc'), repo.key)
    must(host.exec(['chorus', 'publish', '/root/server', '--local']))
  }

  it.each(MOMENTS.map((ms, i) => [ms, i] as const))(
    'ends where it would have ended without that (after %i ms)',
    async (ms, version) => {
      publish(version)
      await sleep(ms)
      must(host.sh('systemctl kill -s KILL chorus; systemctl start chorus'))
      await fleet.until(host, 'chorus status', ({ status }) => status === 0, 120)
      const found = must(
        host.sh(
          'cat /etc/testweb.d/f* /etc/testweb.d/site /run/testweb-serves | sort | uniq -c; dpkg-query -W -f "\\${Status} \\${Version}\\n" testweb; systemctl is-active testweb; getent passwd webber | cut -d: -f5; dpkg --audit; find /etc /var/lib/chorus -name ".chorus-*"',
        ),
      ).stdout
      expect(found.replaceAll(/^ +/gm, '')).toBe(
        `40 ${version}\n2 site ${version}\ninstall ok installed 1.${version}\nactive\nversion ${version}\n`,
      )
    },
  )

  it('runs a command as a user with all groups of that user', () => {
    must(host.sh('groupadd -g 4001 readers; useradd -M -G readers watcher'))
    const dir = join(host.root, 'root/groups')
    mkdirSync(dir, { recursive: true })
    const argv = '[sh, -c, "id -Gn > /tmp/groups-of-watcher"]'
    const exec = `exec/x: { argv: ${argv}, creates: /tmp/groups-of-watcher, user: watcher }`
    writeFileSync(join(dir, 'policy.yaml'), `policy: test/groups\nselect: "true"\nresources:\n  ${exec}\n`)
    must(host.exec(['chorus', 'converge', '/root/groups', '--state', '/var/lib/test-groups']))
    expect(host.sh('cat /tmp/groups-of-watcher').stdout).toBe('watcher readers\n')
  })

  it('leaves a user that is in use as it is, and removes it when it is free', () => {
    must(
      host.sh(
        'useradd -m busy; setsid su busy -c "echo \\$\\$ > /tmp/busy.pid; exec sleep 1000" >/dev/null 2>&1 & sleep 1',
      ),
    )
    const dir = join(host.root, 'root/users')
    mkdirSync(dir, { recursive: true })
    writeFileSync(
      join(dir, 'policy.yaml'),
      `policy: test/users\nselect: "true"\nresources:\n  user/busy: { state: absent }\n  file/other: { path: /etc/other, content: "x" }\n`,
    )
    const states = (): string[] => {
      const ran = host.exec(['chorus', 'converge', '/root/users', '--state', '/var/lib/test-users', '--json'])
      const { outcomes } = JSON.parse(ran.stdout) as { outcomes: { key: string; state: string; code?: string }[] }
      return outcomes.map(({ key, state, code }) => `${key} ${code ?? state}`).sort()
    }
    expect(states()).toEqual(['file/other changed', 'user/busy E_IN_USE'])
    must(host.sh('kill $(cat /tmp/busy.pid); sleep 1'))
    expect(states()).toEqual(['file/other kept', 'user/busy changed'])
    expect(host.sh('getent passwd busy').status).not.toBe(0)
  })
})
