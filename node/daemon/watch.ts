import { lstatSync, watch } from 'node:fs'
import type { FSWatcher } from 'node:fs'
import { dirname, join } from 'node:path'
import { FlapLimit } from './flap.ts'
import { DAEMON_LIMITS } from './limits.ts'

/** A path whose change means that a resource may have drifted. */
export interface WatchedPath {
  readonly path: string
  /** `policy type/name`, as it is told to the engine. */
  readonly resource: string
}

interface Known {
  readonly resources: Set<string>
  /** What was there when the last run ended. */
  state: string
}

/**
 * Watches the folders of managed paths. A change counts only if what is there differs from what the last run left, so
 * a run never wakes itself. What cannot be watched (too many folders, network file systems) is left to the full check.
 */
export class DriftWatch {
  readonly #onDrift: (resources: readonly string[]) => void
  readonly #flaps: FlapLimit
  readonly #folders = new Map<string, WatchedFolder>()
  #paths = new Map<string, Known>()
  readonly #touched = new Set<string>()
  #of: ReadonlyMap<string, readonly string[]> | null = null
  /** Something happened in a watched folder since the paths were set. */
  #touchedSince = true
  #timer: NodeJS.Timeout | undefined
  #firstTouch = 0
  #paused = 0

  /** @param onFlap told once of each resource that is not watched for a while, because it never comes to rest */
  constructor(
    onDrift: (resources: readonly string[]) => void,
    onFlap: (resources: readonly string[]) => void = () => undefined,
  ) {
    this.#onDrift = onDrift
    this.#flaps = new FlapLimit(onFlap)
  }

  /** After a run that changed nothing: what is watched and was not touched since is as it was. */
  still(paths: ReadonlyMap<string, readonly string[]>): boolean {
    return paths === this.#of && !this.#touchedSince
  }

  /**
   * Replaces what is watched, and takes the present state as the right one.
   *
   * @param of what the paths come from: as long as that is the same object and nothing moves, they need not be set again
   */
  set(paths: readonly WatchedPath[], of: ReadonlyMap<string, readonly string[]> | null = null): void {
    this.#of = of
    this.#touchedSince = false
    const wanted = new Map<string, Known>()
    for (const { path, resource } of paths.slice(0, DAEMON_LIMITS.watchedPaths)) {
      const known = wanted.get(path)
      if (known) known.resources.add(resource)
      else wanted.set(path, { resources: new Set([resource]), state: stateOf(path) })
    }
    this.#paths = wanted
    const folders = new Set([...wanted.keys()].flatMap((path) => [dirname(path), path]))
    for (const [folder, { watcher, ino }] of this.#folders) {
      // One that was removed and made again is another folder: the old watch sees nothing of it.
      if (folders.has(folder) && inodeOf(folder) === ino) continue
      watcher.close()
      this.#folders.delete(folder)
    }
    for (const folder of folders) this.#watch(folder)
  }

  /** While a run works, what changes is its own doing; `resume` looks again. */
  pause(): void {
    this.#paused += 1
  }

  resume(): void {
    this.#paused = Math.max(0, this.#paused - 1)
  }

  close(): void {
    clearTimeout(this.#timer)
    for (const { watcher } of this.#folders.values()) watcher.close()
    this.#folders.clear()
    this.#paths.clear()
  }

  #watch(folder: string): void {
    if (this.#folders.has(folder) || this.#folders.size >= DAEMON_LIMITS.watchedFolders) return
    // Files are seen through their folder; a folder that is a resource itself is watched for what is in it.
    const ino = inodeOf(folder)
    if (ino === null) return
    try {
      const watcher = watch(folder, { persistent: false }, (_kind, name) => this.#seen(folder, name))
      watcher.on('error', () => {
        watcher.close()
        this.#folders.delete(folder)
      })
      this.#folders.set(folder, { watcher, ino })
    } catch {
      // No inotify watch left, or no such file system: the full check finds it.
    }
  }

  #seen(folder: string, name: string | null): void {
    this.#touchedSince = true
    const paths =
      name === null ? [...this.#paths.keys()].filter((path) => dirname(path) === folder) : [join(folder, name)]
    for (const path of [...paths, folder]) if (this.#paths.has(path)) this.#touched.add(path)
    if (this.#touched.size === 0) return
    const now = Date.now()
    if (this.#timer === undefined) this.#firstTouch = now
    clearTimeout(this.#timer)
    const left = Math.max(0, this.#firstTouch + DAEMON_LIMITS.driftMaxDelayMs - now)
    this.#timer = setTimeout(() => this.#settle(), Math.min(DAEMON_LIMITS.driftDebounceMs, left))
    this.#timer.unref()
  }

  #settle(): void {
    this.#timer = undefined
    if (this.#paused > 0) {
      this.#timer = setTimeout(() => this.#settle(), DAEMON_LIMITS.driftDebounceMs)
      this.#timer.unref()
      return
    }
    const drifted = new Set<string>()
    for (const path of this.#touched) {
      const known = this.#paths.get(path)
      if (!known || stateOf(path) === known.state) continue
      for (const resource of known.resources) drifted.add(resource)
    }
    this.#touched.clear()
    const told = this.#flaps.pass([...drifted], performance.now())
    if (told.length > 0) this.#onDrift(told)
  }
}

interface WatchedFolder {
  readonly watcher: FSWatcher
  readonly ino: number
}

/** Of a folder; null if there is none. */
function inodeOf(path: string): number | null {
  const entry = lstatSync(path, { throwIfNoEntry: false })
  return entry?.isDirectory() === true ? entry.ino : null
}

/** Changes whenever content, mode, owner or name of what is there do. */
function stateOf(path: string): string {
  try {
    const { dev, ino, mode, uid, gid, size, ctimeNs } = lstatSync(path, { bigint: true })
    return [dev, ino, mode, uid, gid, size, ctimeNs].join(' ')
  } catch {
    return 'absent'
  }
}
