import type { Installed, PackageProvider } from './package-provider.ts'
import { askTool } from './tool.ts'

const FORMAT = 'chorus\\t%{NAME}\\t%{ARCH}\\t%|EPOCH?{%{EPOCH}:}|%{VERSION}-%{RELEASE}\\n'

/** Fedora, Red Hat Enterprise Linux and theirs. rpm's database has no file that tells of every change, so it is asked each time. */
export const dnf: PackageProvider = {
  name: 'dnf',
  sign: '/usr/bin/dnf',
  env: {},
  stamps: [],
  indexPaths: ['/var/cache/dnf', '/var/cache/libdnf5'],
  async installed(context, names) {
    // The exit code is the number of those that are not installed.
    const codes = Array.from({ length: 256 }, (_, code) => code)
    const output = await askTool(context, ['rpm', '-q', '--qf', FORMAT, '--', ...names], codes)
    const packages = new Map<string, Installed>()
    for (const line of output.split('\n')) {
      const [mark, name = '', architecture = '', version = ''] = line.split('\t')
      if (mark !== 'chorus' || version === '') continue
      const installed = { version, held: false, state: 'whole' } as const
      packages.set(name, installed)
      packages.set(`${name}.${architecture}`, installed)
    }
    return packages
  },
  async newest(context, names) {
    const argv = ['dnf', '-q', 'repoquery', '--latest-limit=1', '--qf', '%{name}\t%{evr}\n', ...names]
    const newest = new Map<string, string>()
    for (const line of (await askTool(context, argv)).split('\n')) {
      const [name = '', version] = line.trim().split('\t')
      if (version !== undefined) newest.set(name, version)
    }
    return newest
  },
  refresh: ['dnf', '-q', 'makecache', '--refresh'],
  commands({ install, remove, recommends, options }) {
    const weak = recommends === undefined ? [] : [`--setopt=install_weak_deps=${recommends ? 'True' : 'False'}`]
    const names = install.map(({ name, version }) => (version === undefined ? name : `${name}-${version}`))
    return [
      ...(names.length === 0 ? [] : [['dnf', '-y', ...weak, ...options, 'install', ...names]]),
      ...(remove.length === 0 ? [] : [['dnf', '-y', ...options, 'remove', ...remove]]),
    ]
  },
  // People write 1.24.0, 1.24.0-1.fc40 or 1:1.24.0-1.fc40.
  sameVersion: (wanted, is) => [is, is.replace(/^\d+:/, ''), is.replace(/^\d+:|-[^-]*$/g, '')].includes(wanted),
  locked: /Waiting for process with pid|is locked by another process|Failed to obtain the transaction lock/,
  stale: /Unable to find a match|No match for argument|Status code: 404/,
  complaints: /^(Error|Failed|No match|Problem)/,
}
