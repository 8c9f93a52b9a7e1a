import { readFileSync } from 'node:fs'
import { arch, availableParallelism, hostname, platform, release, totalmem } from 'node:os'
import type { Value } from '../../policies/index.ts'

/** What a node says of itself: its own word, unlike labels. Whole numbers and texts only, so that records can carry it. */
export function readFacts(): { readonly [name: string]: Value } {
  const os = osRelease()
  return {
    hostname: hostname(),
    os: {
      family: platform(),
      id: os['ID'] ?? platform(),
      version: os['VERSION_ID'] ?? '',
      name: os['PRETTY_NAME'] ?? platform(),
    },
    kernel: release(),
    arch: arch(),
    cpus: availableParallelism(),
    memoryMiB: Math.round(totalmem() / 2 ** 20),
    virtual: virtualisation(),
  }
}

/** /etc/os-release as a map; empty where there is none. See os-release(5). */
function osRelease(): Record<string, string> {
  const found: Record<string, string> = {}
  for (const line of read('/etc/os-release').split('\n').slice(0, 100)) {
    const match = /^([A-Z_]{1,40})=(.{0,200})$/.exec(line)
    if (match?.[1] !== undefined) found[match[1]] = (match[2] ?? '').replaceAll(/^["']|["']$/g, '')
  }
  return found
}

/** What systemd-detect-virt finds without starting it: the container's name, or the hypervisor's. */
function virtualisation(): string {
  const container = read('/run/systemd/container').trim()
  if (container !== '') return container
  return (
    read('/sys/hypervisor/type').trim() ||
    (/^flags.*\bhypervisor\b/m.test(read('/proc/cpuinfo').slice(0, 8192)) ? 'vm' : 'none')
  )
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
