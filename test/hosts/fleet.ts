import { execFileSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Fabric } from './fabric.ts'
import { Host, type Ran } from './host.ts'

/** A few hosts that run Chorus from the distribution, as a systemd service, on a closed network. */
export class HostFleet {
  readonly hosts: readonly Host[]
  readonly #fabric: Fabric

  private constructor(fabric: Fabric, hosts: readonly Host[]) {
    this.#fabric = fabric
    this.hosts = hosts
  }

  /** Builds the distribution once, boots `count` hosts and installs it as INSTALL says. @param packages that they have already */
  static async boot(count: number, packages: readonly string[] = []): Promise<HostFleet> {
    const dist = distribution()
    const fabric = new Fabric()
    const hosts = Array.from({ length: count }, (_, i) => new Host(fabric, i + 1, [`${dist}:/opt/chorus`], packages))
    const fleet = new HostFleet(fabric, hosts)
    try {
      await Promise.all(hosts.map((host) => host.boot()))
      for (const host of hosts) {
        must(
          host.sh(
            'ln -sf /opt/chorus/bin/chorus /usr/local/bin/chorus && cp /opt/chorus/chorus.service /etc/systemd/system/ && systemctl daemon-reload',
          ),
        )
      }
    } catch (error) {
      await fleet.remove()
      throw error
    }
    return fleet
  }

  host(index: number): Host {
    const host = this.hosts[index]
    if (host === undefined) throw new RangeError(`there is no host ${index}`)
    return host
  }

  /** The first host starts the mesh, the others join it by invite; every daemon runs as a service. */
  async formMesh(labelsOf: (name: string) => readonly string[] = () => ['role=web']): Promise<void> {
    const labels = (name: string): string =>
      labelsOf(name)
        .map((label) => `--label ${label}`)
        .join(' ')
    const [first, ...rest] = this.hosts
    if (first === undefined) return
    must(first.sh(`chorus init test --name h1 ${labels('h1')} --recovery-file /root/recovery.key`))
    this.start(first)
    await this.until(first, 'chorus status', (ran) => ran.status === 0 || ran.status === 3)
    for (const host of rest) {
      const token = must(first.sh(`chorus invite --name ${host.name} ${labels(host.name)}`)).stdout.trim()
      must(host.exec(['chorus', 'join', '--token-file', '-'], token))
      this.start(host)
    }
    for (const host of this.hosts) {
      await this.until(host, 'chorus nodes --json', (ran) =>
        this.hosts.every(({ name }) => ran.stdout.includes(`"${name}"`)),
      )
    }
  }

  start(host: Host): void {
    must(host.sh(`mkdir -p /var/lib/chorus && systemctl enable --now chorus`))
  }

  cutCable(host: Host): void {
    this.#fabric.cutCable(host.index)
  }

  mendCable(host: Host): void {
    this.#fabric.mendCable(host.index)
  }

  /** Repeats a command on a host until its result is right. @throws with its last output after `seconds` */
  async until(host: Host, script: string, isRight: (ran: Ran) => boolean, seconds = 60): Promise<Ran> {
    let last: Ran | undefined
    for (const end = Date.now() + seconds * 1000; Date.now() < end; await sleep(250)) {
      last = host.sh(script)
      if (isRight(last)) return last
    }
    const log = host.sh('journalctl -u chorus --no-pager | tail -n 30').stdout
    throw new Error(`${host.name}: '${script}' did not come right in ${seconds} s: ${JSON.stringify(last)}\n${log}`)
  }

  async remove(): Promise<void> {
    await Promise.all(this.hosts.map((host) => host.remove()))
    this.#fabric.remove()
  }
}

export function must(ran: Ran): Ran {
  if (ran.status !== 0) throw new Error(`exit ${ran.status}: ${ran.stderr}${ran.stdout}`)
  return ran
}

/** Makes the distribution's folder with `npm run dist` and gives its path; `CHORUS_TEST_DIST` names one that is there already. */
function distribution(): string {
  const made = process.env['CHORUS_TEST_DIST']
  if (made !== undefined) return resolve(made)
  execFileSync(process.execPath, ['.tools/dist.mjs'], { stdio: 'pipe' })
  const name = readdirSync('out').find((entry) => entry.startsWith('chorus-') && !entry.endsWith('.gz'))
  if (name === undefined) throw new Error('npm run dist made no folder in out/')
  return resolve(join('out', name))
}
