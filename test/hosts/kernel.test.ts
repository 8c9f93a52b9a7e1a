import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { HostFleet, must } from './fleet.ts'
import type { Host, Ran } from './host.ts'

/**
 * What belongs to the kernel and to the host as a whole, and git. A container shares the kernel of its machine: settings of
 * its own network and its name are its own, modules are not. So a module is tried that is there, and one that cannot be.
 */
describe('one Debian host, its kernel, its name and a repository of git', () => {
  let fleet: HostFleet
  let host: Host

  beforeAll(async () => {
    fleet = await HostFleet.boot(1, ['git', 'kmod'])
    host = fleet.host(0)
    // Mounted so that the host cannot touch settings of the machine; those of its own network are its own.
    must(host.sh('mount --bind /proc/sys/net /proc/sys/net && mount -o remount,bind,rw /proc/sys/net'))
  })

  afterAll(async () => {
    await fleet?.remove()
  })

  function lay(name: string, resources: string, more = ''): string {
    const path = join(host.root, 'root', name, 'policy.yaml')
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, `policy: test/${name}\nselect: "true"\n${more}resources:\n${resources}\n`)
    return `/root/${name}`
  }

  const text = (path: string): string => readFileSync(join(host.root, path), 'utf8')

  /** Key and state of every resource, and its reason where something is wrong. */
  function converge(name: string, resources: string): Record<string, string> {
    const ran: Ran = host.exec([
      'chorus',
      'converge',
      lay(name, resources),
      '--state',
      `/var/lib/test-${name}`,
      '--json',
    ])
    const { outcomes } = JSON.parse(ran.stdout) as {
      outcomes: { key: string; state: string; code?: string; reason: string }[]
    }
    return Object.fromEntries(
      outcomes.map(({ key, state, code, reason }) => [key, state === 'failed' ? `${code} ${reason}` : state]),
    )
  }

  it('has the settings of the kernel that it wants, now and at the next start', () => {
    const wanted =
      '  sysctl/net.ipv4.ip_forward: { value: 1, onRemove: undo }\n  sysctl/net.ipv4.conf.all.rp_filter: { value: 2 }'
    const both = (state: string) => ({
      'sysctl/net.ipv4.ip_forward': state,
      'sysctl/net.ipv4.conf.all.rp_filter': state,
    })
    must(host.sh('echo 0 > /proc/sys/net/ipv4/ip_forward; echo 0 > /proc/sys/net/ipv4/conf/all/rp_filter'))
    expect(converge('sysctl', wanted)).toEqual(both('changed'))
    expect(must(host.sh('cat /proc/sys/net/ipv4/ip_forward /proc/sys/net/ipv4/conf/all/rp_filter')).stdout).toBe(
      '1\n2\n',
    )
    expect(text('etc/sysctl.d/90-chorus-net.ipv4.ip_forward.conf')).toBe(
      '# Managed by Chorus.\nnet.ipv4.ip_forward = 1\n',
    )
    expect(converge('sysctl', wanted)).toEqual(both('kept'))
    must(host.sh('echo 0 > /proc/sys/net/ipv4/ip_forward; rm /etc/sysctl.d/90-chorus-net.ipv4.conf.all.rp_filter.conf'))
    expect(converge('sysctl', wanted)).toEqual(both('repaired'))
    // What systemd does with the file at the start of the system.
    must(
      host.sh(
        'echo 0 > /proc/sys/net/ipv4/ip_forward; /lib/systemd/systemd-sysctl /etc/sysctl.d/90-chorus-net.ipv4.ip_forward.conf',
      ),
    )
    expect(host.sh('cat /proc/sys/net/ipv4/ip_forward').stdout).toBe('1\n')
    expect(converge('sysctl', '  assert/x: { that: true }')).toMatchObject({ 'sysctl/net.ipv4.ip_forward': 'changed' })
    expect(host.sh('cat /proc/sys/net/ipv4/ip_forward').stdout).toBe('0\n')
    expect(converge('sysctl', '  sysctl/net.none: { value: 1 }')['sysctl/net.none']).toContain('E_NOT_FOUND')
  })

  it('has the name that it is given, and its old one back', () => {
    const was = host.sh('uname -n').stdout
    const wanted = '  hostname/box: { hostname: box.example.org, onRemove: undo }'
    expect(converge('name', wanted)).toEqual({ 'hostname/box': 'changed' })
    expect([host.sh('uname -n').stdout, text('etc/hostname')]).toEqual(['box.example.org\n', 'box.example.org\n'])
    expect(converge('name', wanted)).toEqual({ 'hostname/box': 'kept' })
    must(host.sh('echo other > /etc/hostname'))
    expect(converge('name', wanted)).toEqual({ 'hostname/box': 'repaired' })
    converge('name', '  assert/x: { that: true }')
    expect(host.sh('uname -n').stdout).toBe(was)
  })

  it('names a module for the next start; one that cannot be loaded says so, and leaves nothing behind', () => {
    const [loaded = ''] = must(host.sh('ls /sys/module')).stdout.split('\n')
    const wanted = `  kernel_module/${loaded}: { options: "debug=1" }`
    expect(converge('module', wanted)).toEqual({ [`kernel_module/${loaded}`]: 'changed' })
    expect(text(`etc/modules-load.d/chorus-${loaded}.conf`)).toBe(`# Managed by Chorus.\n${loaded}\n`)
    expect(text(`etc/modprobe.d/chorus-${loaded}.conf`)).toBe(`# Managed by Chorus.\noptions ${loaded} debug=1\n`)
    expect(converge('module', wanted)).toEqual({ [`kernel_module/${loaded}`]: 'kept' })
    rmSync(join(host.root, `etc/modules-load.d/chorus-${loaded}.conf`))
    expect(converge('module', wanted)).toEqual({ [`kernel_module/${loaded}`]: 'repaired' })
    expect(converge('none', '  kernel_module/nosuchmodule: {}')['kernel_module/nosuchmodule']).toMatch(
      /^E_EXIT modprobe .*nosuchmodule not found/s,
    )
    expect(host.sh('ls /etc/modules-load.d/chorus-nosuchmodule.conf').status).not.toBe(0)
  })

  it('holds the commit of a repository that it names, and puts back what was changed', () => {
    const commit = (content: string): string =>
      must(
        host.sh(
          `cd /srv/work && echo ${content} > page && git add page && git -c user.name=x -c user.email=x@x commit -q -m ${content} && git push -q /srv/app.git HEAD:main && git rev-parse HEAD`,
        ),
      ).stdout.trim()
    must(
      host.sh(
        'git init -q --bare /srv/app.git && git init -q /srv/work && useradd -m deploy && chown -R deploy /srv/app.git && git config --global safe.directory "*"',
      ),
    )
    const [one, two] = [commit('one'), commit('two')]
    const at = (id: string) =>
      `  git/app: { repository: "file:///srv/app.git", commit: "${id}", path: /opt/app, user: deploy }`
    expect(converge('git', at(one))).toEqual({ 'git/app': 'changed' })
    expect([text('opt/app/page'), host.sh('stat -c %U /opt/app/page').stdout]).toEqual(['one\n', 'deploy\n'])
    expect(converge('git', at(one))).toEqual({ 'git/app': 'kept' })
    must(host.sh('echo mine > /opt/app/page; echo notes > /opt/app/untracked'))
    expect(converge('git', at(one))).toEqual({ 'git/app': 'repaired' })
    expect([text('opt/app/page'), text('opt/app/untracked')]).toEqual(['one\n', 'notes\n'])
    expect(converge('git', at(two))).toEqual({ 'git/app': 'changed' })
    expect(text('opt/app/page')).toBe('two\n')
    expect(converge('git', at('0'.repeat(40)))['git/app']).toMatch(/^E_EXIT /)
    expect(text('opt/app/page')).toBe('two\n')
  })

  it('goes back to the last good version when a check of a new one fails', async () => {
    await fleet.formMesh()
    const publish = (content: string): void => {
      const dir = lay(
        'checked',
        `  file/app: { path: /etc/app.conf, content: "${content}\\n" }\n  check/app: { exec: [grep, -q, good, /etc/app.conf], retries: 1, interval: 100ms, require: [file/app] }`,
      )
      must(host.exec(['chorus', 'publish', dir]))
    }
    publish('good')
    await fleet.until(host, 'cat /etc/app.conf', ({ stdout }) => stdout === 'good\n')
    await fleet.until(host, 'chorus status --json', ({ stdout }) =>
      /"policy":\s*"test\/checked"[^}]*"state":\s*"ok"/.test(stdout),
    )
    publish('bad')
    await fleet.until(host, 'chorus status', ({ stdout }) => stdout.includes('E_HEALTH'))
    await fleet.until(host, 'cat /etc/app.conf', ({ stdout }) => stdout === 'good\n')
  })
})
