import { PolicyError } from '../errors.ts'
import type { HostPort } from '../host.ts'
import { LIMITS } from '../limits.ts'
import type { ArchiveMember } from './tar.ts'

export interface TreeOptions {
  /** Folders that are taken off the front of each name. */
  readonly strip: number
  readonly uid: number
  readonly gid: number
  readonly maxBytes: number
}

/**
 * Unpacks members into a new folder. Nothing leaves it: no name goes up or is absolute, no member is put behind a link of
 * the archive, no link leads out, and what only root may have (set-uid bits, devices) is not made.
 *
 * @throws PolicyError E_PATH, E_TOO_LARGE
 */
export async function unpackInto(
  host: HostPort,
  root: string,
  members: AsyncIterable<ArchiveMember>,
  options: TreeOptions,
): Promise<number> {
  const { uid, gid } = options
  const folders = new Set<string>()
  const links = new Set<string>()
  let bytes = 0
  let files = 0
  const makeFolder = (parts: readonly string[], mode = 0o755): void => {
    for (let i = 1; i <= parts.length; i++) {
      const path = parts.slice(0, i).join('/')
      if (folders.has(path)) continue
      host.mkdir(`${root}/${path}`, { mode: (i === parts.length ? mode : 0o755) | 0o700, uid, gid })
      folders.add(path)
    }
  }
  for await (const member of members) {
    const parts = partsOf(member.name, options.strip)
    if (parts === null) continue
    const behind = parts.findIndex((_, i) => links.has(parts.slice(0, i + 1).join('/')))
    if (behind >= 0 && (behind < parts.length - 1 || member.kind === 'folder'))
      throw new PolicyError('E_PATH', `${member.name} lies behind a link of the archive: nothing was unpacked`)
    const path = parts.join('/')
    makeFolder(parts.slice(0, -1))
    if (member.kind === 'folder') {
      makeFolder(parts, member.mode)
      continue
    }
    if (folders.has(path)) throw new PolicyError('E_MALFORMED', `${member.name} is a folder and a file of the archive`)
    links.delete(path)
    files++
    bytes += member.size
    if (bytes > options.maxBytes)
      throw new PolicyError('E_TOO_LARGE', `the archive unpacks to more than ${options.maxBytes} bytes: see maxSize`)
    const place = `${root}/${path}`
    if (member.kind === 'link') {
      checkTarget(member, parts)
      host.symlink(place, member.target)
      if (uid !== host.uid || gid !== host.gid) host.chown(place, uid, gid)
      links.add(path)
      continue
    }
    const attributes = { mode: (member.mode & 0o755) | 0o600, uid, gid }
    if (member.kind === 'hard link') {
      const from = partsOf(member.target, options.strip)?.join('/') ?? ''
      if (links.has(from) || host.lstat(`${root}/${from}`)?.kind !== 'file')
        throw new PolicyError('E_PATH', `${member.name} is a link to ${member.target}, which is no file of the archive`)
      await write(host, place, attributes, once(host.readFile(`${root}/${from}`, LIMITS.archiveLinkBytes)))
      continue
    }
    await write(host, place, attributes, member.content())
  }
  return files
}

async function write(
  host: HostPort,
  path: string,
  attributes: Parameters<HostPort['stage']>[1],
  content: AsyncIterable<Uint8Array>,
): Promise<void> {
  const staged = host.stage(path, attributes)
  try {
    for await (const part of content) staged.write(part)
  } catch (error) {
    staged.discard()
    throw error
  }
  await staged.commit()
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield await Promise.resolve(bytes)
}

/** The parts of a name below the folder; null if nothing is left of it. */
function partsOf(name: string, strip: number): string[] | null {
  const parts = name.split('/').filter((part) => part !== '' && part !== '.')
  if (
    name.startsWith('/') ||
    parts.includes('..') ||
    /\p{Cc}/u.test(name) ||
    name.length > LIMITS.pathBytes ||
    parts.length > LIMITS.folderDepth
  )
    throw new PolicyError(
      'E_PATH',
      `the archive has a member '${name.slice(0, 200)}', which would leave its folder: nothing was unpacked`,
    )
  const left = parts.slice(strip)
  return left.length === 0 ? null : left
}

/** Up only at its front, and not above the folder: then no link of the archive can turn it outwards. */
function checkTarget({ name, target }: ArchiveMember, parts: readonly string[]): void {
  const steps = target.split('/').filter((part) => part !== '' && part !== '.')
  const up = steps.findIndex((step) => step !== '..')
  const ups = up < 0 ? steps.length : up
  const bad = target === '' || target.startsWith('/') || /\p{Cc}/u.test(target) || steps.slice(ups).includes('..')
  if (bad || ups > parts.length - 1)
    throw new PolicyError(
      'E_PATH',
      `${name} is a link to ${target.slice(0, 200)}, which leads out of the archive: nothing was unpacked`,
    )
}
