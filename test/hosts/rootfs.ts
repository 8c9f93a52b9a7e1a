import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'

/** Where the one root file system is kept between runs: outside the checkout, about 250 MB. */
const CACHE = process.env['CHORUS_TEST_CACHE'] ?? '/var/cache/chorus-test'
const INCLUDE = 'systemd,systemd-sysv,dbus,iproute2'

/** What the library configures, as Debian has it. */
export const LIBRARY_PACKAGES = ['chrony', 'openssh-server', 'unattended-upgrades', 'prometheus-node-exporter', 'sudo']

/** Package managers and an init system of others, which Debian has too. */
export const OTHER_TOOLS = [
  'dnf',
  'rpm',
  'createrepo-c',
  'pacman-package-manager',
  'libarchive-tools',
  'makepkg',
  'openrc',
]

/**
 * A Debian bookworm root file system with systemd, made once by debootstrap (about 35 s) and then only read: every host
 * writes to an overlay of its own.
 *
 * @param packages to have beside systemd
 * @param include what is there without a word; empty for a root file system that nobody boots
 */
export function rootFileSystem(packages: readonly string[] = [], include = INCLUDE): string {
  const ready = join(CACHE, ['bookworm-1', ...packages].join('-'))
  if (existsSync(join(ready, 'usr/bin/dpkg'))) return ready
  mkdirSync(CACHE, { recursive: true })
  const making = `${ready}.${process.pid}`
  rmSync(making, { recursive: true, force: true })
  execFileSync(
    'debootstrap',
    ['--variant=minbase', `--include=${[include, ...packages].filter(Boolean).join()}`, 'bookworm', making],
    {
      stdio: 'pipe',
    },
  )
  renameSync(making, ready)
  return ready
}
