import { LIMITS } from '../limits.ts'
import type { Installed, PackageProvider } from './package-provider.ts'
import { askTool } from './tool.ts'

const DATABASE = '/lib/apk/db/installed'

/** Alpine. What is installed stands in one file of lines `P:name`, `V:version`, with an empty line after each package. */
export const apk: PackageProvider = {
  name: 'apk',
  sign: '/sbin/apk',
  env: {},
  stamps: [DATABASE],
  indexPaths: ['/var/cache/apk'],
  installed({ host }) {
    const packages = new Map<string, Installed>()
    let name = ''
    for (const line of new TextDecoder().decode(host.readFile(DATABASE, LIMITS.packageDatabaseBytes)).split('\n')) {
      if (line.startsWith('P:')) name = line.slice(2)
      if (line.startsWith('V:')) packages.set(name, { version: line.slice(2), held: false, state: 'whole' })
    }
    return packages
  },
  /** Only those with an update: of the others what is installed is the newest. */
  async newest(context, names) {
    const newest = new Map<string, string>()
    for (const line of (await askTool(context, ['apk', 'version', '-l', '<', ...names])).split('\n')) {
      const [, installed = '', version] = /^(\S+)\s+<\s+(\S+)/.exec(line) ?? []
      const name = names.find((one) => installed.startsWith(`${one}-`) && /^\d/.test(installed.slice(one.length + 1)))
      if (name !== undefined && version !== undefined) newest.set(name, version)
    }
    return newest
  },
  refresh: ['apk', 'update', '-q'],
  commands({ install, remove, options }) {
    const names = install.map(({ name, version }) => (version === undefined ? name : `${name}=${version}`))
    return [
      ...(names.length === 0 ? [] : [['apk', 'add', '-q', '--upgrade', ...options, ...names]]),
      ...(remove.length === 0 ? [] : [['apk', 'del', '-q', ...options, ...remove]]),
    ]
  },
  sameVersion: (wanted, is) => wanted === is,
  // Without the right to lock, or on a disk that cannot be written, nobody else is at work.
  locked: /Unable to lock database: (?!Permission denied|Read-only)/,
  stale: /unable to select packages|no such package/,
  complaints: /ERROR:|^ {2}\S/,
}
