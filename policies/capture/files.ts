import { PolicyError } from '../errors.ts'
import type { Entry, HostPort } from '../host.ts'
import { cleanPath } from '../language/resolve-attributes.ts'
import { LIMITS } from '../limits.ts'
import type { Value } from '../model.ts'
import type { Captured } from './capture.ts'

/** A file, folder or link with its owner and mode. Content that only some may read is named as a secret and not read. */
export function captureFile(host: HostPort, name: string): Captured {
  const path = cleanPath(name)
  const entry = host.lstat(path)
  if (entry === null) throw new PolicyError('E_NOT_FOUND', `there is nothing at ${path} on this host`)
  const label =
    path === '/'
      ? 'root'
      : path
          .slice(1)
          .replaceAll('/', '-')
          .replaceAll(/[^A-Za-z0-9._-]/g, '_')
  const key = `file/${label}`
  if (entry.kind === 'link') return { key, attrs: { path, link: host.readlink(path), ...owners(host, entry) } }
  if (entry.kind === 'folder') return { key, attrs: { path, directory: true, ...rights(host, entry) } }
  if (entry.kind !== 'file') throw new PolicyError('E_VALUE', `${path} is neither a file, a folder nor a link`)
  if ((entry.mode & 0o004) === 0) return secretFile(host, key, path, entry)
  if (entry.size <= LIMITS.capturedBytes) {
    const text = textOf(host.readFile(path, LIMITS.capturedBytes))
    if (text !== undefined) return { key, attrs: { path, content: written(text), ...rights(host, entry) } }
  }
  const source = `files/${label}`
  return { key, attrs: { path, source, ...rights(host, entry) }, copies: { [source]: path } }
}

function secretFile(host: HostPort, key: string, path: string, entry: Entry): Captured {
  const secret = key
    .slice('file/'.length)
    .replaceAll(/[^A-Za-z0-9_]/g, '_')
    .replace(/^(?=\d)/, '_')
  return {
    key,
    attrs: { path, content: `\${secrets.${secret}}`, ...rights(host, entry) },
    secrets: { [secret]: path },
    notes: [`Not everybody may read ${path}, so its content is the secret ${secret}.`],
  }
}

/** `${` begins an expression in a policy. */
export function written(text: string): string {
  return text.replaceAll('${', () => '$${')
}

function textOf(bytes: Uint8Array): string | undefined {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
    return /[^\P{Cc}\n\t]/u.test(text) || text.startsWith('\uFEFF') ? undefined : text
  } catch {
    return undefined
  }
}

function rights(host: HostPort, entry: Entry): Record<string, Value> {
  return { mode: entry.mode.toString(8).padStart(4, '0'), ...owners(host, entry) }
}

function owners(host: HostPort, { uid, gid }: Entry): Record<string, Value> {
  return { owner: host.userName(uid), group: host.groupName(gid) }
}
