import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { HostFleet, must } from './fleet.ts'

/** A policy that needs root: a file below /etc, owned by a system user, checked by a command. */
function policy(greeting: string): string {
  return `policy: web/greeting
select: labels.role == 'web'
resources:
  file/greeting:
    path: /etc/greeting
    content: "${greeting} from \${node.name}\\n"
    owner: daemon
    mode: "0640"
    validate: [grep, -q, from, "{file}"]
    notify: [exec/tell]
  exec/tell:
    argv: [touch, /run/told]
    notifyOnly: true
`
}

describe('three Debian hosts with systemd on a closed network', () => {
  let fleet: HostFleet

  beforeAll(async () => {
    fleet = await HostFleet.boot(3)
    await fleet.formMesh()
  })

  afterAll(async () => {
    await fleet?.remove()
  })

  function publish(from: number, greeting: string): void {
    const host = fleet.host(from)
    const dir = join(host.root, 'root/policy')
    mkdirSync(dir, { recursive: true })
    writeFileSync(join(dir, 'policy.yaml'), policy(greeting))
    must(host.sh('chorus publish /root/policy --message test'))
  }

  const reads = (text: string) => (ran: { stdout: string }) => ran.stdout.startsWith(text)

  it('converge on what one of them publishes, with owner, mode and notification', async () => {
    publish(0, 'Hello')
    for (const host of fleet.hosts) {
      await fleet.until(host, 'cat /etc/greeting', reads(`Hello from ${host.name}`))
      expect(host.sh('stat -c "%U %a" /etc/greeting').stdout.trim()).toBe('daemon 640')
      await fleet.until(host, 'test -e /run/told', (ran) => ran.status === 0)
    }
  })

  it('repair what somebody changes by hand', async () => {
    const host = fleet.host(1)
    must(host.sh('echo broken > /etc/greeting'))
    await fleet.until(host, 'cat /etc/greeting', reads('Hello from h2'))
  })

  it('catch up after a cable was cut while a new version came', async () => {
    const away = fleet.host(2)
    fleet.cutCable(away)
    publish(0, 'Welcome')
    await fleet.until(fleet.host(1), 'cat /etc/greeting', reads('Welcome'))
    expect(away.sh('cat /etc/greeting').stdout).toBe('Hello from h3\n')
    fleet.mendCable(away)
    await fleet.until(away, 'cat /etc/greeting', reads('Welcome'), 120)
  })

  it('end converged after one lost its power in the middle', async () => {
    const host = fleet.host(1)
    await host.pull()
    publish(0, 'Good morning')
    await host.boot()
    await fleet.until(host, 'cat /etc/greeting', reads('Good morning'), 120)
  })
})
