import { PolicyError } from '../errors.ts'
import type { Installed, PackageProvider } from './package-provider.ts'
import { askTool } from './tool.ts'

/** Arch. Its repositories hold one version of each package, so another exact version fails and says so. */
export const pacman: PackageProvider = {
  name: 'pacman',
  sign: '/usr/bin/pacman',
  env: {},
  stamps: ['/var/lib/pacman/local'],
  indexPaths: ['/var/lib/pacman/sync'],
  async installed(context) {
    const packages = new Map<string, Installed>()
    const output = await askTool(context, ['pacman', '-Q', '--color', 'never'], [0, 1])
    // It ends with 1 also where nothing is installed yet, as below a fresh root.
    const error = /^error: .*/m.exec(output)?.[0]
    if (error !== undefined) throw new PolicyError('E_EXIT', `pacman -Q cannot tell what is installed: ${error}`)
    for (const line of output.split('\n')) {
      const [name = '', version, ...rest] = line.split(' ')
      if (version !== undefined && rest.length === 0) packages.set(name, { version, held: false, state: 'whole' })
    }
    return packages
  },
  async newest(context, names) {
    const newest = new Map<string, string>()
    const argv = ['pacman', '-Sp', '--print-format', '%n\t%v', '--', ...names]
    for (const line of (await askTool(context, argv, [0, 1])).split('\n')) {
      const [name = '', version] = line.split('\t')
      if (version !== undefined) newest.set(name, version)
    }
    return newest
  },
  refresh: ['pacman', '-Sy', '--noconfirm', '-q'],
  commands({ install, remove, purge, options }) {
    const names = install.map(({ name }) => name)
    return [
      ...(names.length === 0 ? [] : [['pacman', '-S', '--noconfirm', '--needed', ...options, '--', ...names]]),
      ...(remove.length === 0 ? [] : [['pacman', purge ? '-Rn' : '-R', '--noconfirm', ...options, '--', ...remove]]),
    ]
  },
  // People write 1.24.0, 1.24.0-1 or 1:1.24.0-1.
  sameVersion: (wanted, is) => [is, is.replace(/^\d+:/, ''), is.replace(/^\d+:|-[^-]*$/g, '')].includes(wanted),
  locked: /unable to lock database/,
  stale: /target not found|failed retrieving file/,
  complaints: /^error:/,
}
