import type { InstalledPackages, PackageProvider } from './package-provider.ts'
import type { TypeContext } from './type.ts'

/** What one resource wants of the packages that it names. */
export interface PackageWish {
  readonly context: TypeContext
  readonly names: readonly string[]
  readonly state: 'present' | 'absent' | 'latest'
  readonly version: string | undefined
  readonly hold: boolean | undefined
  readonly purge: boolean
  readonly recommends: boolean | undefined
  readonly options: readonly string[]
  /** An older index is fetched again before something is installed. */
  readonly indexMs: number
  readonly timeoutMs: number
}

/** What has to be done for a wish. Empty lists: nothing. */
export interface PackageWork {
  readonly install: readonly { readonly name: string; readonly version: string | undefined }[]
  readonly remove: readonly string[]
  readonly hold: readonly string[]
  readonly release: readonly string[]
  /** Names of `install` that were not there at all. */
  readonly fresh: readonly string[]
  readonly changeHeld: boolean
  readonly changes: readonly string[]
}

/** Compares a wish with the host. @param newest versions to be had, for `latest` */
export function workFor(
  provider: PackageProvider,
  wish: PackageWish,
  installed: InstalledPackages,
  newest: ReadonlyMap<string, string>,
): PackageWork {
  const install: { name: string; version: string | undefined }[] = []
  const remove: string[] = []
  const hold: string[] = []
  const release: string[] = []
  const fresh: string[] = []
  const changes: string[] = []
  let changeHeld = false
  for (const name of wish.names) {
    const is = installed.get(name)
    const there = is !== undefined && is.state !== 'remains'
    if (wish.state === 'absent') {
      if (there || (is !== undefined && wish.purge)) {
        remove.push(name)
        changes.push(there ? `remove ${name} ${is.version}` : `remove the configuration of ${name}`)
        changeHeld ||= is.held
      }
      continue
    }
    const version = wish.state === 'latest' ? newest.get(name) : wish.version
    const right = is?.state === 'whole' && (version === undefined || provider.sameVersion(version, is.version))
    if (!right) {
      install.push({ name, version })
      changeHeld ||= is?.held === true
      if (!there) fresh.push(name)
      changes.push(phrase(name, there ? is.version : undefined, version))
    }
    if (wish.hold === true && is?.held !== true) hold.push(name)
    if (wish.hold === false && is?.held === true) release.push(name)
  }
  changes.push(...hold.map((name) => `hold ${name}`), ...release.map((name) => `release ${name}`))
  return {
    install,
    changeHeld,
    remove,
    hold,
    release,
    fresh,
    changes,
  }
}

function phrase(name: string, is: string | undefined, wanted: string | undefined): string {
  if (is === undefined) return wanted === undefined ? `install ${name}` : `install ${name} ${wanted}`
  return wanted === undefined || wanted === is ? `finish installing ${name}` : `${name} ${is} -> ${wanted}`
}
