import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { HostFleet, must } from './fleet.ts'
import type { Host, Ran } from './host.ts'
import { LIBRARY_PACKAGES } from './rootfs.ts'

const KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl'

/** A policy that uses one component of the library. */
function using(component: string, parameters: string): string {
  return `policy: test/${component}
select: "true"
components:
  it: { use: ../library/${component}, with: ${parameters} }
resources: {}
`
}

describe('the library, on a Debian host that has the packages', () => {
  let fleet: HostFleet
  let host: Host

  beforeAll(async () => {
    fleet = await HostFleet.boot(1, LIBRARY_PACKAGES)
    host = fleet.host(0)
    must(host.sh('cp -r /opt/chorus/lib/policies/library /root/library'))
    // A container may not set the clock, and the unit would be skipped for that.
    must(
      host.sh(
        'mkdir -p /etc/systemd/system/chrony.service.d && printf "[Unit]\\nConditionCapability=\\n" > /etc/systemd/system/chrony.service.d/test.conf && systemctl daemon-reload',
      ),
    )
    // The host has no way to Debian's own repository.
    rmSync(join(host.root, 'etc/apt/sources.list'), { force: true })
  })

  afterAll(async () => {
    await fleet?.remove()
  })

  function converge(component: string, parameters: string): Ran {
    const dir = join(host.root, 'root/policy')
    mkdirSync(dir, { recursive: true })
    writeFileSync(join(dir, 'policy.yaml'), using(component, parameters))
    return host.exec(['chorus', 'converge', '/root/policy', '--state', `/var/lib/test-${component}`, '--json'])
  }

  function statesOf(ran: Ran): Record<string, string> {
    const { outcomes } = JSON.parse(ran.stdout) as { outcomes: { key: string; state: string }[] }
    return Object.fromEntries(outcomes.map(({ key, state }) => [key, state]))
  }

  it.each([
    ['motd', '{ text: "Hello" }', 'grep -q Hello /etc/motd'],
    [
      'chrony',
      '{ servers: [10.77.0.9], options: "-x" }',
      'systemctl is-active chrony && chronyc -n sources | grep -q 10.77.0.9',
    ],
    [
      'sshd',
      '{ port: 2222, allow_groups: [adm] }',
      "systemctl is-active ssh && sshd -T | grep -qi '^permitrootlogin no' && sshd -T | grep -q '^port 2222' && ss -ltn | grep -q :2222",
    ],
    [
      'unattended-upgrades',
      '{ reboot: true, mail: root, hold: ["linux-.*"] }',
      'apt-config dump | grep -q \'Automatic-Reboot "true"\' && apt-config dump | grep -q \'Package-Blacklist:: "linux-.*"\'',
    ],
    [
      'node-exporter',
      '{ listen: "127.0.0.1:9111", collectors: [systemd] }',
      'systemctl is-active prometheus-node-exporter && ss -ltn | grep -q 127.0.0.1:9111',
    ],
    [
      'users',
      `{ people: { alice: { groups: [adm], sudo: true, keys: ["${KEY} alice"] }, bob: {} } }`,
      `id -nG alice | grep -q adm && grep -q "^${KEY}" /home/alice/.ssh/authorized_keys && visudo -cf /etc/sudoers.d/alice && id bob`,
    ],
  ])('%s does what it says, and a second run changes nothing', async (component, parameters, check) => {
    const first = converge(component, parameters)
    expect(first.status, first.stdout + first.stderr).toBe(0)
    await fleet.until(host, check, ({ status }) => status === 0, 20)
    const again = converge(component, parameters)
    expect(new Set(Object.values(statesOf(again))), again.stdout).toEqual(new Set(['kept']))
  })

  it('people who leave the list leave the machine', () => {
    expect(converge('users', '{ people: { bob: {} } }').status).toBe(0)
    expect(host.sh('id alice').status).not.toBe(0)
    expect(host.sh('test -e /etc/sudoers.d/alice').status).not.toBe(0)
    expect(host.sh('id bob').status).toBe(0)
  })

  it('a setting that the program refuses changes nothing', () => {
    const before = must(host.sh('cat /etc/ssh/sshd_config.d/10-chorus.conf')).stdout
    const ran = converge('sshd', '{ port: 99999 }')
    expect([ran.status, ran.stdout.includes('E_VERIFY')], ran.stdout).toEqual([3, true])
    expect(must(host.sh('cat /etc/ssh/sshd_config.d/10-chorus.conf; systemctl is-active ssh')).stdout).toBe(
      `${before}active\n`,
    )
  })
})
