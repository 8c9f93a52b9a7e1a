import { base64url } from 'multiformats/bases/base64'
import { CoreError } from '../errors.ts'
import { decodeStrict, encodeStrict } from '../records/cbor.ts'
import { RECORD_LIMITS } from '../records/limits.ts'
import { bytes, key, link, list, literal, object, text } from '../records/shape.ts'
import type { Cid, Key } from '../records/types.ts'
import { bytesUpTo } from '../sync/wire.ts'

/** What `chorus invite` prints as one line and `chorus join` takes (RECORDS.md, section 4). Its seed is a secret. */
export interface Token {
  readonly mesh: Cid
  /** The newest charter of the member that made the token. */
  readonly charter: Cid
  /** Envelope of the feed/invite. */
  readonly invite: Uint8Array
  /** 32 bytes: the private half of the invite's key. */
  readonly seed: Uint8Array
  /** Trusted as members for the first sync. */
  readonly members: readonly { readonly key: Key; readonly addrs: readonly string[] }[]
}

const PREFIX = 'chorus1.'
const MEMBERS_MAX = 8
const ADDRS_MAX = 8
const ADDR_CHARS = 256
/** An invite of 32 KiB at most and 8 members with 8 addresses; base64 adds a third. Honest tokens have about 800 characters. */
const BYTES_MAX = RECORD_LIMITS.recordBytes + MEMBERS_MAX * (ADDRS_MAX * (ADDR_CHARS + 3) + 64) + 1024
const CHARS_MAX = PREFIX.length + Math.ceil((BYTES_MAX * 4) / 3)

const shape = object({
  v: literal(1),
  mesh: link,
  charter: link,
  invite: bytesUpTo(RECORD_LIMITS.recordBytes),
  seed: bytes(32),
  members: list(object({ key, addrs: list(text(ADDR_CHARS, 1), ADDRS_MAX) }), MEMBERS_MAX),
})

/** One line. Members and addresses beyond 8 are left out. */
export function encodeToken(token: Token): string {
  const members = token.members.slice(0, MEMBERS_MAX).map((member) => ({
    key: member.key,
    addrs: member.addrs.filter((addr) => addr.length > 0 && addr.length <= ADDR_CHARS).slice(0, ADDRS_MAX),
  }))
  return PREFIX + base64url.baseEncode(encodeStrict(shape.write({ ...token, v: 1, members })))
}

/** @throws CoreError E_TOKEN for anything that encodeToken did not make; space around it is taken off */
export function decodeToken(line: string): Token {
  const wrong = (what: string): CoreError =>
    new CoreError('E_TOKEN', `This is no token: ${what}. Copy the whole line that "chorus invite" printed.`, { what })
  // A screen or a mail may have broken it into lines.
  const given = line.replace(/\s+/g, '')
  if (!given.startsWith(PREFIX)) {
    const version = /^chorus(\d{1,6})\./.exec(given)?.[1]
    if (version !== undefined) throw wrong(`it is of version ${version}, which this chorus does not know`)
    throw wrong(`it does not start with "${PREFIX}"`)
  }
  if (given.length > CHARS_MAX) throw wrong(`it is longer than ${CHARS_MAX} characters`)
  let token: Token
  try {
    const raw = base64url.baseDecode(given.slice(PREFIX.length))
    if (base64url.baseEncode(raw) !== given.slice(PREFIX.length))
      throw wrong('some of its characters do not belong there')
    token = shape.read(decodeStrict(raw, BYTES_MAX))
  } catch (error) {
    if (error instanceof CoreError && error.code === 'E_TOKEN') throw error
    throw wrong('it is incomplete or damaged')
  }
  const { mesh, charter, invite, seed, members } = token
  return { mesh, charter, invite, seed, members }
}
