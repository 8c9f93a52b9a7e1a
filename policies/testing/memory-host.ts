import { PolicyError } from '../errors.ts'
import type {
  Attributes,
  BackupId,
  Digest,
  Entry,
  ExecOptions,
  ExecResult,
  HostPort,
  ProbeTarget,
  StagedFile,
  Supervisor,
} from '../host.ts'
import type { MaybePromise } from '../maybe.ts'
import { MemoryTree, type Thing } from './memory-tree.ts'

type Unpack = (bytes: Uint8Array) => Uint8Array

export interface MemoryHostOptions {
  readonly sha256: (bytes: Uint8Array) => Uint8Array
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** @default 0 */
  readonly uid?: number
  /** Account names to numbers. @default { root: 0 } */
  readonly users?: Readonly<Record<string, number>>
  readonly groups?: Readonly<Record<string, number>>
  /** What commands do. @default every command ends with exit code 0 */
  readonly exec?: (argv: readonly string[], options: ExecOptions) => MaybePromise<Partial<ExecResult>>
  /** What URLs give; what it throws is thrown. @default nothing answers */
  readonly fetch?: (url: string) => Uint8Array
  readonly gunzip?: Unpack
  readonly inflate?: Unpack
  /** @default none */
  readonly processes?: Supervisor
  /** What is wrong with a service, or null. @default every service is well */
  readonly probe?: (target: ProbeTarget) => string | null
  /** Bytes that fit on its disk. @default no limit */
  readonly capacity?: number
}

interface Shared {
  readonly tree: MemoryTree
  readonly backups: Map<BackupId, Uint8Array>
}

/** A host that is a map: for tests of what runs on hosts, and for the simulator. */
export class MemoryHost implements HostPort {
  readonly uid: number
  readonly gid: number
  readonly tree: MemoryTree
  readonly processes: Supervisor | null
  /** How long it was asked to wait, each time; it never does. */
  readonly slept: number[] = []
  readonly #options: MemoryHostOptions
  readonly #shared: Shared
  /** Real paths of the folders that this view is confined to. */
  readonly #within: readonly string[] | null

  constructor(options: MemoryHostOptions, shared?: Shared, within: readonly string[] | null = null) {
    this.#options = options
    this.processes = options.processes ?? null
    this.uid = options.uid ?? 0
    this.gid = this.uid
    this.#shared = shared ?? { tree: new MemoryTree(this.uid, () => this.now()), backups: new Map() }
    this.tree = this.#shared.tree
    this.#within = within
  }

  now(): number {
    return this.#options.now()
  }

  dayTime(): { readonly day: number; readonly minute: number } {
    const minutes = Math.floor(this.now() / 60_000)
    // The first day of 1970 was a Thursday.
    return { day: (Math.floor(minutes / 1440) + 4) % 7, minute: minutes % 1440 }
  }

  async pause(): Promise<void> {
    await Promise.resolve()
  }

  async sleep(ms: number): Promise<void> {
    this.slept.push(ms)
    await Promise.resolve()
  }

  sha256(bytes: Uint8Array): Uint8Array {
    return this.#options.sha256(bytes)
  }

  digest(): Digest {
    const parts: Uint8Array[] = []
    return { add: (bytes) => void parts.push(Uint8Array.from(bytes)), end: () => this.sha256(joined(parts)) }
  }

  gunzip(source: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
    return unpacked(source, this.#options.gunzip)
  }

  inflate(source: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
    return unpacked(source, this.#options.inflate)
  }

  async *fetch(url: string): AsyncIterable<Uint8Array> {
    await Promise.resolve()
    const bytes = this.#options.fetch?.(url)
    if (bytes === undefined) throw new PolicyError('E_FETCH', `${url} cannot be fetched: nothing answers`)
    for (let at = 0; at < bytes.length; at += 1000) yield bytes.subarray(at, at + 1000)
  }

  async probe(target: ProbeTarget): Promise<string | null> {
    return await Promise.resolve(this.#options.probe?.(target) ?? null)
  }

  lstat(path: string): Entry | null {
    const place = this.#place(path)
    const thing = place === null ? undefined : this.tree.things.get(place)
    if (thing === undefined) return null
    const { kind, mode, uid, gid, ino, ctimeMs, bytes } = thing
    return { kind, mode, uid, gid, size: bytes.length, dev: 1, ino, ctimeMs }
  }

  readFile(path: string, maxBytes: number): Uint8Array {
    const { kind, bytes } = this.#there(path)
    if (kind !== 'file') throw new PolicyError('E_IN_THE_WAY', `${path} is no file`)
    if (bytes.length > maxBytes) throw new PolicyError('E_TOO_LARGE', `${path} has more than ${maxBytes} bytes`)
    return bytes
  }

  readlink(path: string): string {
    return this.#there(path).target
  }

  readdir(path: string, maxEntries: number): readonly string[] {
    const names = this.tree.names(this.#folder(path))
    if (names.length > maxEntries) throw new PolicyError('E_TOO_LARGE', `${path} has more than ${maxEntries} entries`)
    return names.sort()
  }

  async hashPieces(path: string, pieceBytes: number): Promise<readonly Uint8Array[]> {
    const { bytes } = this.#there(path)
    const pieces: Uint8Array[] = []
    for (let at = 0; at < bytes.length; at += pieceBytes) pieces.push(this.sha256(bytes.subarray(at, at + pieceBytes)))
    return await Promise.resolve(pieces)
  }

  async hashFile(path: string): Promise<Uint8Array> {
    return await Promise.resolve(this.sha256(this.#there(path).bytes))
  }

  stage(path: string, attributes: Attributes): StagedFile {
    const place = this.#free(path)
    const parts: Uint8Array[] = []
    return {
      path: `${path}.staged`,
      write: (bytes) => {
        parts.push(Uint8Array.from(bytes))
      },
      commit: () => {
        const bytes = joined(parts)
        const full = this.tree.used + bytes.length > (this.#options.capacity ?? Infinity)
        if (full) throw new PolicyError('E_NO_SPACE', `no space is left for ${path}`)
        this.tree.put(place, { kind: 'file', ...attributes, bytes, target: '' })
      },
      discard: () => undefined,
    }
  }

  symlink(path: string, target: string): void {
    const own = { mode: 0o777, uid: this.uid, gid: this.gid }
    this.tree.put(this.#free(path), { kind: 'link', ...own, bytes: new Uint8Array(0), target })
  }

  mkdir(path: string, attributes: Attributes): void {
    const place = this.#free(path)
    if (this.tree.things.has(place)) throw new PolicyError('E_IN_THE_WAY', `${path} is there already`)
    this.tree.put(place, { kind: 'folder', ...attributes, bytes: new Uint8Array(0), target: '' })
  }

  rename(from: string, to: string): void {
    const [place, target] = [this.#free(from), this.#free(to)]
    this.#there(from)
    if (this.tree.things.has(target)) throw new PolicyError('E_IN_THE_WAY', `${to} is there already`)
    for (const [path, thing] of this.tree.things) {
      if (path !== place && !path.startsWith(`${place}/`)) continue
      this.tree.put(target + path.slice(place.length), thing)
      this.tree.remove(path)
    }
  }

  rmdir(path: string): void {
    const place = this.#folder(path)
    if (this.tree.names(place).length > 0) throw new PolicyError('E_IN_THE_WAY', `${path} is not empty`)
    this.tree.remove(place)
  }

  unlink(path: string): void {
    if (this.#there(path).kind === 'folder') throw new PolicyError('E_IN_THE_WAY', `${path} is a folder`)
    this.tree.remove(this.#free(path))
  }

  chmod(path: string, mode: number): void {
    this.tree.put(this.#free(path), { ...this.#there(path), mode })
  }

  chown(path: string, uid: number, gid: number): void {
    this.tree.put(this.#free(path), { ...this.#there(path), uid, gid })
  }

  flush(): void {
    // A map needs no disk.
  }

  cleanTemporary(): number {
    return 0
  }

  uidOf(user: string): number | null {
    return (this.#options.users ?? ONLY_ROOT)[user] ?? null
  }

  gidOf(group: string): number | null {
    return (this.#options.groups ?? ONLY_ROOT)[group] ?? null
  }

  userName(uid: number): string {
    return nameOf(this.#options.users ?? ONLY_ROOT, uid)
  }

  groupName(gid: number): string {
    return nameOf(this.#options.groups ?? ONLY_ROOT, gid)
  }

  backup(path: string): BackupId {
    const { bytes } = this.#there(path)
    const id = Array.from(this.sha256(bytes), (byte) => byte.toString(16).padStart(2, '0')).join('')
    this.#shared.backups.set(id, bytes)
    return id
  }

  restore(id: BackupId, path: string, attributes: Attributes): void {
    const bytes = this.#shared.backups.get(id)
    if (bytes === undefined) throw new PolicyError('E_BACKUP', `the backup store has no copy of ${path} any more`)
    this.tree.put(this.#free(path), { kind: 'file', ...attributes, bytes, target: '' })
  }

  async exec(argv: readonly string[], options: ExecOptions): Promise<ExecResult> {
    const result = (await this.#options.exec?.(argv, options)) ?? {}
    return { end: 'exit', code: 0, output: '', truncated: false, why: '', ...result }
  }

  confined(folders: readonly string[]): HostPort {
    const within = folders.map((folder) => this.tree.place(`${folder}/.`)?.replace(/\/\.$/, '') ?? folder)
    return new MemoryHost(this.#options, this.#shared, within)
  }

  #place(path: string): string | null {
    const place = this.tree.place(path)
    const inside = this.#within?.some((folder) => place === folder || place?.startsWith(`${folder}/`) === true)
    if (place !== null && inside === false) {
      throw new PolicyError('E_PATH', `${path} lies outside of what the grant covers: ${this.#within?.join(', ')}`)
    }
    return place
  }

  /** Where something can be put: the folder must be there. */
  #free(path: string): string {
    const place = this.#place(path)
    if (place === null) throw new PolicyError('E_NOT_FOUND', `the folder of ${path} is not there`)
    return place
  }

  #there(path: string): Thing {
    const thing = this.tree.things.get(this.#free(path))
    if (thing === undefined) throw new PolicyError('E_NOT_FOUND', `${path} is not there`)
    return thing
  }

  #folder(path: string): string {
    if (this.#there(path).kind !== 'folder') throw new PolicyError('E_IN_THE_WAY', `${path} is no folder`)
    return this.#free(path)
  }
}

const ONLY_ROOT: Readonly<Record<string, number>> = { root: 0 }

function nameOf(accounts: Readonly<Record<string, number>>, id: number): string {
  return Object.keys(accounts).find((name) => accounts[name] === id) ?? String(id)
}

async function* unpacked(source: AsyncIterable<Uint8Array>, unpack: Unpack | undefined): AsyncGenerator<Uint8Array> {
  const parts: Uint8Array[] = []
  for await (const part of source) parts.push(part)
  const bytes = unpack?.(joined(parts)) ?? new Uint8Array(0)
  for (let at = 0; at < bytes.length; at += 1000) yield bytes.subarray(at, at + 1000)
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  return bytes
}
