import type { Installed, InstalledPackages, PackageProvider } from './package-provider.ts'
import { askTool } from './tool.ts'
import type { TypeContext } from './type.ts'

const KEEP_FILES = ['-o', 'Dpkg::Options::=--force-confdef', '-o', 'Dpkg::Options::=--force-confold']
/** One line a package, marked, since warnings may stand between them. */
const FORMAT = 'chorus\\t${Package}\\t${Architecture}\\t${db:Status-Abbrev}\\t${Version}\\n'

/** Debian and its children. What is installed is read with dpkg, and asked again only when dpkg's own file has changed. */
export const apt: PackageProvider = {
  name: 'apt',
  sign: '/usr/bin/apt-get',
  env: {
    DEBIAN_FRONTEND: 'noninteractive',
    APT_LISTCHANGES_FRONTEND: 'none',
    NEEDRESTART_SUSPEND: '1',
    UCF_FORCE_CONFFOLD: '1',
  },
  stamps: ['/var/lib/dpkg/status'],
  indexPaths: ['/var/lib/apt/lists', '/var/lib/apt/lists/partial'],
  async installed(context) {
    return readStatus(await askTool(context, ['dpkg-query', '-W', '-f', FORMAT]))
  },
  newest: aptCandidates,
  refresh: ['apt-get', '-q', 'update'],
  commands({ install, remove, purge, changeHeld, recommends, options }) {
    const words = [
      ...install.map(({ name, version }) => (version === undefined ? name : `${name}=${version}`)),
      ...remove.map((name) => `${name}-`),
    ]
    return [
      [
        'apt-get',
        '-q',
        '-y',
        ...KEEP_FILES,
        // The runner waits for locks; apt itself waits for dpkg's between two packages.
        '-o',
        'DPkg::Lock::Timeout=60',
        ...(purge ? ['--purge'] : []),
        ...(recommends === undefined ? [] : [recommends ? '--install-recommends' : '--no-install-recommends']),
        ...(install.some(({ version }) => version !== undefined) ? ['--allow-downgrades'] : []),
        ...(changeHeld ? ['--allow-change-held-packages'] : []),
        ...options,
        'install',
        ...words,
      ],
    ]
  },
  hold: (names, on) => ['apt-mark', on ? 'hold' : 'unhold', ...names],
  sameVersion: (wanted, is) => wanted === is,
  locked:
    /Could not get lock|Unable to acquire the dpkg frontend lock|Unable to lock (the )?(directory|administration|download)/,
  stale:
    /Unable to locate package|has no installation candidate|Version '.*' for '.*' was not found|404 +Not Found|Hash Sum mismatch/,
  interrupted: {
    said: /dpkg was interrupted, you must manually run/,
    repair: ['dpkg', '--force-confdef', '--force-confold', '--configure', '-a'],
  },
  complaints: /^(E:|dpkg: error|Err:|W: GPG)/,
}

function readStatus(output: string): InstalledPackages {
  const lines = output
    .split('\n')
    .map((line) => line.split('\t'))
    .filter(([mark, ...rest]) => mark === 'chorus' && rest.length === 4)
  const native = lines.find(([, name]) => name === 'dpkg')?.[2] ?? ''
  const packages = new Map<string, Installed>()
  for (const [, name = '', architecture = '', status = '', version = ''] of lines) {
    const installed = installedFrom(status, version)
    if (installed === null) continue
    packages.set(`${name}:${architecture}`, installed)
    if (architecture === native || architecture === 'all') packages.set(name, installed)
  }
  return packages
}

/** From `ii `, `hi `, `rc `, `iU `: what is wanted, what is there. */
function installedFrom(status: string, version: string): Installed | null {
  const [wanted = '', is = ''] = status
  if (is === 'n' || is === '') return null
  return { version, held: wanted === 'h', state: is === 'i' ? 'whole' : is === 'c' ? 'remains' : 'partial' }
}

async function aptCandidates(context: TypeContext, names: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const newest = new Map<string, string>()
  let about = ''
  for (const line of (await askTool(context, ['apt-cache', 'policy', ...names])).split('\n')) {
    if (/^\S+:$/.test(line)) about = line.slice(0, -1)
    const candidate = /^ {2}Candidate: (\S+)$/.exec(line)?.[1]
    if (candidate !== undefined && candidate !== '(none)') newest.set(about, candidate)
  }
  return newest
}
