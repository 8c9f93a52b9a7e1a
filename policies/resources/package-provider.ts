import type { MaybePromise } from '../maybe.ts'
import type { TypeContext } from './type.ts'

/** One package as the host has it. */
export interface Installed {
  readonly version: string
  readonly held: boolean
  /** `partial`: unpacked or configured half-way. `remains`: only its configuration files are left. */
  readonly state: 'whole' | 'partial' | 'remains'
}

export type InstalledPackages = ReadonlyMap<string, Installed>

/** What one command of the package manager is to do, all at once. */
export interface Transaction {
  readonly install: readonly { readonly name: string; readonly version: string | undefined }[]
  readonly remove: readonly string[]
  readonly purge: boolean
  /** Some of these are held at their version, and meant to change all the same. */
  readonly changeHeld: boolean
  /** Also what packages only recommend; undefined leaves it to the host's configuration. */
  readonly recommends: boolean | undefined
  readonly options: readonly string[]
}

/** A package manager: what it is asked, which commands it wants, and what it says when something is in its way. */
export interface PackageProvider {
  readonly name: string
  /** It is this host's package manager if this path is there. */
  readonly sign: string
  readonly env: Readonly<Record<string, string>>
  /** Paths that change whenever an installed package does; none: it has to be asked each time. */
  readonly stamps: readonly string[]
  /** Paths that change whenever the index of what can be had is fetched. */
  readonly indexPaths: readonly string[]
  installed(context: TypeContext, names: readonly string[]): MaybePromise<InstalledPackages>
  /** The newest version to be had of each that is known. */
  newest(context: TypeContext, names: readonly string[]): Promise<ReadonlyMap<string, string>>
  readonly refresh: readonly string[]
  commands(transaction: Transaction): readonly (readonly string[])[]
  /** undefined: it cannot keep a package at its version. */
  hold?(names: readonly string[], on: boolean): readonly string[]
  sameVersion(wanted: string, is: string): boolean
  /** Somebody else is at work. */
  readonly locked: RegExp
  /** The index does not fit what is at the other end any more, or has never been fetched. */
  readonly stale: RegExp
  /** An earlier transaction was cut off, and how it is brought to its end. */
  readonly interrupted?: { readonly said: RegExp; readonly repair: readonly string[] }
  /** The lines of an output that say what is wrong. */
  readonly complaints: RegExp
}
