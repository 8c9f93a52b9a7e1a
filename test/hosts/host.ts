import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Fabric, quietly, run } from './fabric.ts'
import { rootFileSystem } from './rootfs.ts'

export interface Ran {
  readonly status: number
  readonly stdout: string
  readonly stderr: string
}

/** One Debian host with systemd as its init, on a copy-on-write disk, with one leg on the fabric. */
export class Host {
  readonly name: string
  readonly index: number
  readonly address: string
  readonly #netns: string
  readonly #dir: string
  readonly #binds: readonly string[]
  #nspawn: ChildProcess | undefined
  #init = 0

  constructor(fabric: Fabric, index: number, binds: readonly string[] = [], packages: readonly string[] = []) {
    const { netns, address } = fabric.plug(index)
    this.index = index
    this.name = `h${index}`
    this.address = address
    this.#netns = netns
    this.#binds = binds
    this.#dir = mkdtempSync(join(tmpdir(), `chorus-host-${index}-`))
    for (const part of ['up', 'work', 'root']) mkdirSync(join(this.#dir, part))
    const layers = `lowerdir=${rootFileSystem(packages)},upperdir=${this.#dir}/up,workdir=${this.#dir}/work`
    run('mount', '-t', 'overlay', 'overlay', '-o', layers, this.root)
  }

  /** The host's file system, seen from outside. */
  get root(): string {
    return join(this.#dir, 'root')
  }

  /** Boots and waits until systemd answers (5 to 8 s). @throws if it does not within a minute */
  async boot(): Promise<void> {
    const args = [
      '-D',
      this.root,
      '--boot',
      `--network-namespace-path=/run/netns/${this.#netns}`,
      '--register=no',
      '--keep-unit',
      // A policy may want to change its network.
      '--capability=CAP_NET_ADMIN',
    ]
    const more = ['-M', this.#netns, '-q', ...this.#binds.map((bind) => `--bind-ro=${bind}`)]
    const child = spawn('/bin/sh', ['-c', IN_OWN_CGROUP, this.#netns, 'systemd-nspawn', ...args, ...more], {
      stdio: 'ignore',
      detached: false,
    })
    this.#nspawn = child
    for (let tries = 0; tries < 240; tries++) {
      await sleep(250)
      if (child.exitCode !== null) throw new Error(`systemd-nspawn of ${this.name} ended with ${child.exitCode}`)
      this.#init = initOf(child.pid ?? 0)
      if (this.#init === 0) continue
      const state = this.sh('systemctl is-system-running').stdout.trim()
      if (state === 'running' || state === 'degraded') return
    }
    throw new Error(`${this.name} did not boot within a minute`)
  }

  /** Runs argv inside the host, as root. */
  exec(argv: readonly string[], input?: string): Ran {
    const inside = ['-t', String(this.#init), '-m', '-u', '-i', '-n', '-p', '--', ...argv]
    const ran = spawnSync('nsenter', inside, {
      encoding: 'utf8',
      input: input ?? '',
      maxBuffer: 64 * 2 ** 20,
      timeout: 120_000,
    })
    return { status: ran.status ?? -1, stdout: ran.stdout, stderr: ran.stderr }
  }

  sh(script: string): Ran {
    return this.exec(['/bin/sh', '-c', script])
  }

  /** Pulls the plug: no shutdown, no sync. The disk stays as it is. */
  async pull(): Promise<void> {
    const child = this.#nspawn
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    const gone = new Promise((resolve) => child.once('exit', resolve))
    if (this.#init !== 0) quietly('kill', '-KILL', String(this.#init))
    setTimeout(() => child.kill('SIGKILL'), 5000).unref()
    await gone
    this.#nspawn = undefined
    this.#init = 0
  }

  /** Shuts it down as an administrator does. */
  async shutDown(): Promise<void> {
    const child = this.#nspawn
    if (!child) return
    const gone = new Promise((resolve) => child.once('exit', resolve))
    this.sh('systemctl poweroff')
    const timer = setTimeout(() => child.kill('SIGKILL'), 60_000)
    await gone
    clearTimeout(timer)
    this.#nspawn = undefined
    this.#init = 0
  }

  /** Ends the host and removes its disk. */
  async remove(): Promise<void> {
    await this.pull()
    quietly('umount', '-l', this.root)
    for (const top of ['', '/unified', '/systemd']) {
      quietly('find', `/sys/fs/cgroup${top}/${this.#netns}`, '-depth', '-type', 'd', '-exec', 'rmdir', '{}', '+')
    }
    rmSync(this.#dir, { recursive: true, force: true })
  }
}

/**
 * Hosts in one control group would share those of their services, and one that stops a service would kill it on all. `$0` is
 * the name of the group, in whichever hierarchies this machine has.
 */
const IN_OWN_CGROUP = `for top in /sys/fs/cgroup /sys/fs/cgroup/unified /sys/fs/cgroup/systemd; do
  [ -e "$top/cgroup.procs" ] && mkdir -p "$top/$0" && echo $$ > "$top/$0/cgroup.procs"
done 2>/dev/null
exec "$@"`

/** The host's init is the one child of systemd-nspawn; 0 until there is one. */
function initOf(nspawn: number): number {
  try {
    return Number(readFileSync(`/proc/${nspawn}/task/${nspawn}/children`, 'utf8').trim().split(' ')[0])
  } catch {
    return 0
  }
}
