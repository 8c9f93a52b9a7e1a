import { PolicyError } from '../errors.ts'
import type { HostPort } from '../host.ts'
import { LIMITS } from '../limits.ts'
import { isPromise, type MaybePromise } from '../maybe.ts'
import type { InstalledPackages, PackageProvider } from './package-provider.ts'
import { attempt, PackageRunner } from './package-runner.ts'
import { workFor, type PackageWish, type PackageWork } from './package-wish.ts'
import type { Gathered, TypeContext } from './type.ts'

interface Known {
  readonly stamp: string
  readonly packages: MaybePromise<InstalledPackages>
}

/** What is installed, as long as nothing has changed there: one question for all resources of all runs. */
const lists = new WeakMap<HostPort, Known>()

export function installedPackages(
  context: TypeContext,
  provider: PackageProvider,
  names: readonly string[],
): MaybePromise<InstalledPackages> {
  const { host } = context
  if (provider.stamps.length === 0) return provider.installed(context, names)
  const stamp = provider.stamps
    .map((path) => host.lstat(path))
    .map((entry) => (entry === null ? 'none' : `${entry.ino} ${entry.size} ${entry.ctimeMs}`))
    .join()
  const known = lists.get(host)
  if (known?.stamp === stamp) return known.packages
  const packages = provider.installed(context, names)
  lists.set(host, { stamp, packages })
  if (isPromise(packages)) packages.catch(() => lists.delete(host))
  return packages
}

/** What a wish takes, as the host is now. */
export async function packageWork(provider: PackageProvider, wish: PackageWish): Promise<PackageWork> {
  const installed = await installedPackages(wish.context, provider, wish.names)
  const newest = wish.state === 'latest' ? await provider.newest(wish.context, wish.names) : new Map<string, string>()
  return workFor(provider, wish, installed, newest)
}

/** Fetching that is under way: those who come meanwhile wait for it. */
const fetching = new WeakMap<HostPort, Promise<void>>()

/** Fetches the index of what can be had if it is older than the wish allows. One that cannot be fetched is left as it is. */
export async function freshIndex(
  provider: PackageProvider,
  { context, timeoutMs, indexMs }: PackageWish,
): Promise<void> {
  const { host } = context
  const running = fetching.get(host) ?? new PackageRunner(provider, context, timeoutMs).refreshIfOlder(indexMs)
  fetching.set(host, running)
  await running.finally(() => fetching.delete(host))
}

/**
 * Fulfils wishes with as few transactions as can be: one for all that go with the same options. If it fails, each is tried
 * by itself, so that one wrong name does not keep the others out.
 */
export async function fulfil(provider: PackageProvider, wishes: readonly PackageWish[]): Promise<Gathered[]> {
  const done = new Map<PackageWish, Gathered>()
  const groups = new Map<string, PackageWish[]>()
  for (const wish of wishes) {
    const key = JSON.stringify([wish.options, wish.recommends, wish.purge])
    groups.set(key, [...(groups.get(key) ?? []), wish])
  }
  for (const group of groups.values()) {
    const failed = await attempt(() => transact(provider, group))
    for (const wish of group) done.set(wish, await concluded(provider, wish, failed, group.length > 1))
  }
  return wishes.map((wish) => done.get(wish) ?? {})
}

/** A transaction that failed may have done what this wish is about: another package was the broken one. */
async function concluded(
  provider: PackageProvider,
  wish: PackageWish,
  failed: Error | null,
  again: boolean,
): Promise<Gathered> {
  const left = await attempt(() => verify(provider, wish))
  if (left === null) return {}
  if (failed === null) return left
  if (!again) return failed
  const error = await attempt(() => transact(provider, [wish]))
  return (await attempt(() => verify(provider, wish))) === null ? {} : (error ?? left)
}

async function transact(provider: PackageProvider, wishes: readonly PackageWish[]): Promise<void> {
  const [first] = wishes
  if (first === undefined) return
  const runner = new PackageRunner(provider, first.context, Math.max(...wishes.map(({ timeoutMs }) => timeoutMs)))
  let works = await Promise.all(wishes.map((wish) => packageWork(provider, wish)))
  if (works.some(({ install }) => install.length > 0)) {
    await runner.refreshIfOlder(Math.min(...wishes.map(({ indexMs }) => indexMs)))
    works = await Promise.all(wishes.map((wish) => packageWork(provider, wish)))
  }
  const release = works.flatMap((work) => work.release)
  if (release.length > 0) await runner.hold(release, false)
  const transaction = {
    install: works.flatMap((work) => work.install),
    remove: works.flatMap((work) => work.remove),
    purge: first.purge,
    changeHeld: works.some((work) => work.changeHeld),
    recommends: first.recommends,
    options: first.options,
  }
  if (transaction.install.length + transaction.remove.length > 0)
    for (const argv of provider.commands(transaction)) await runner.run(argv)
  // An upgrade forgets that a package is held, so this is looked at again.
  const hold = (await Promise.all(wishes.map((wish) => packageWork(provider, wish)))).flatMap((work) => work.hold)
  if (hold.length > 0) await runner.hold(hold, true)
}

/** A package manager can end well and still not have done it: a name that several packages provide, for one. */
async function verify(provider: PackageProvider, wish: PackageWish): Promise<void> {
  const { changes } = await packageWork(provider, wish)
  if (changes.length === 0) return
  throw new PolicyError(
    'E_EXIT',
    `${provider.name} ended well, but what is left to do is: ${changes.slice(0, LIMITS.changesShown).join(', ')}; a name may stand for several packages: name one of them`,
  )
}
