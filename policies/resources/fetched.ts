import { z } from 'zod'
import { PolicyError } from '../errors.ts'
import { LIMITS } from '../limits.ts'
import type { TypeContext } from './type.ts'

export const url = z
  .string()
  .max(LIMITS.hostPathChars)
  .regex(/^https?:\/\/[^\s/\p{C}][^\s\p{C}]*$/u, 'must be a URL that starts with http:// or https://')

export const checksum = z
  .string()
  .regex(/^sha256:[0-9a-f]{64}$/, 'must be sha256: and 64 hexadecimal digits, as sha256sum prints them')

/** Where bytes come from: a file of the bundle, whose chunks are verified already, or a URL with a checksum. */
export type Origin =
  | { readonly source: string }
  | { readonly url: string; readonly checksum: string; readonly timeoutMs: number }

/** Names the content: equal for equal bytes. @throws PolicyError E_CONTENT */
export function identityOf(context: TypeContext, origin: Origin): string {
  if ('url' in origin) return origin.checksum
  const file = context.content.file(context.policy, origin.source)
  if (file === undefined) throw new PolicyError('E_CONTENT', `the bundle has no file '${origin.source}'`)
  return file.chunks.join()
}

/**
 * The bytes as they come. Those of a URL end with an error if they are not what their checksum says: nothing may be put
 * in place before the end.
 *
 * @throws PolicyError E_FETCH, E_CHECKSUM, E_TOO_LARGE
 */
export async function* bytesOf(context: TypeContext, origin: Origin, maxBytes: number): AsyncGenerator<Uint8Array> {
  if ('source' in origin) {
    const file = context.content.file(context.policy, origin.source)
    for (const chunk of file?.chunks ?? []) yield await context.content.chunk(chunk)
    return
  }
  const digest = context.host.digest()
  let bytes = 0
  const timeoutMs = Math.max(1, Math.min(origin.timeoutMs, context.timeLeft()))
  const options = { timeoutMs, ...(context.signal === undefined ? {} : { signal: context.signal }) }
  const from = shownUrl(context, origin.url)
  for await (const part of fetched(context, origin.url, from, options)) {
    bytes += part.length
    if (bytes > maxBytes) throw new PolicyError('E_TOO_LARGE', `${from} is larger than ${maxBytes} bytes: see maxSize`)
    digest.add(part)
    yield part
  }
  const is = `sha256:${hex(digest.end())}`
  if (is !== origin.checksum) throw new PolicyError('E_CHECKSUM', `${from} has ${is}, and not ${origin.checksum}`)
}

/** A URL as it may be said: one that holds a secret, its host only. */
export function shownUrl({ sensitive }: Pick<TypeContext, 'sensitive'>, from: string): string {
  if (!sensitive) return from
  const host = /^(https?:\/\/)(?:[^/@]*@)?([^/?#]*)/.exec(from)
  return host === null ? 'it' : `${host[1]}${host[2]}/...`
}

async function* fetched(
  { host }: TypeContext,
  from: string,
  shown: string,
  options: Parameters<TypeContext['host']['fetch']>[1],
): AsyncGenerator<Uint8Array> {
  try {
    yield* host.fetch(from, options)
  } catch (error) {
    if (!(error instanceof PolicyError) || shown === from) throw error
    throw new PolicyError(error.code, error.message.replaceAll(from, shown))
  }
}

export function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}
