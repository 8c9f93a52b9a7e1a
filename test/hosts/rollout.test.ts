import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { HostFleet, must } from './fleet.ts'
import type { Host } from './host.ts'

/** The third policy of the language page on three hosts, of which the first is the canary. */
const SHOP = readFileSync('policies/language/page/shop.txt', 'utf8')

describe('the third policy of the language page, as it stands, on a mesh of three Debian hosts', () => {
  let fleet: HostFleet

  beforeAll(async () => {
    fleet = await HostFleet.boot(3)
    for (const host of fleet.hosts) {
      lay(host, 'root/server.js', "require('http').createServer((_, answer) => answer.end('well')).listen(8080)\n")
      const unit = '[Service]\nExecStart=/opt/chorus/bin/node /root/server.js\n[Install]\nWantedBy=multi-user.target\n'
      lay(host, 'etc/systemd/system/shop.service', unit)
      lay(host, 'usr/local/bin/lb', '#!/bin/sh\necho $1 >> /root/lb\n')
      must(host.sh('chmod 755 /usr/local/bin/lb'))
    }
    await fleet.formMesh((name) => ['app=shop', 'env=prod', ...(name === 'h1' ? ['canary=true'] : [])])
  })

  afterAll(async () => {
    await fleet?.remove()
  })

  function lay(host: Host, path: string, text: string): void {
    const full = join(host.root, path)
    mkdirSync(dirname(full), { recursive: true })
    writeFileSync(full, text)
  }

  function publish(version: string, policy: string): void {
    const host = fleet.host(0)
    lay(host, 'root/release/index.html', `${version}\n`)
    lay(host, 'root/release/migrate', '#!/bin/sh\necho migrated >> /root/migrations\n')
    must(host.sh('chmod 755 /root/release/migrate && mkdir -p /root/shop'))
    must(host.sh('tar -czf /root/shop/shop.tgz -C /root/release .'))
    lay(host, 'root/shop/policy.yaml', policy)
    lay(host, 'root/shop/data/env/prod.yaml', `migrator: h1\nversion: "${version}"\n`)
    must(host.sh('chorus publish /root/shop --message release'))
  }

  const sells = async (host: Host, version: string): Promise<void> => {
    const asked = 'cat /srv/shop/current/index.html; systemctl is-active shop'
    await fleet.until(host, asked, ({ stdout }) => stdout === `${version}\nactive\n`, 120)
  }

  it('is on the canary at once, and waits on the others for as long as it says', async () => {
    publish('1.10', SHOP)
    const [canary, ...others] = fleet.hosts
    if (canary === undefined) throw new Error('there are three')
    await sells(canary, '1.10')
    for (const host of others) {
      await fleet.until(host, 'chorus status', ({ stdout }) => stdout.includes('E_WAVE'))
      const { stdout } = await fleet.until(host, 'chorus rollout app/shop', (ran) => / 1\/1 .*done/.test(ran.stdout))
      expect(stdout).toMatch(/soak 10m, 1 failure allowed/)
      expect(stdout).toMatch(/soaking, opens in/)
      expect(host.sh('test -e /srv/shop').status).not.toBe(0)
    }
    expect(must(canary.sh('cat /root/lb /root/migrations')).stdout).toBe('drain\nundrain\nmigrated\n')
  })

  it('reaches everyone, wave by wave, when the soak is over', async () => {
    publish('1.11', SHOP.replace('soak: 10m', 'soak: 5s'))
    for (const host of fleet.hosts) await sells(host, '1.11')
    await fleet.until(fleet.host(2), 'chorus rollout', ({ status }) => status === 0, 120)
    expect(fleet.host(1).sh('test -e /root/migrations').status).not.toBe(0)
  })
})
