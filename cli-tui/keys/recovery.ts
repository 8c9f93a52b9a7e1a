import { createHash } from 'node:crypto'
import { CliError } from '../errors.ts'

/**
 * The recovery key as a person writes it down: 32 bytes and 4 of their sha2-256, in base32 without letters that look like digits (Crockford), in
 * groups of six. It is the seed itself: whoever reads it holds the mesh.
 */
const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz'
const PREFIX = 'recovery1'
const SEED_BYTES = 32
const CHECK_BYTES = 4

export function recoveryText(seed: Uint8Array): string {
  const bytes = Buffer.concat([seed, checksum(seed)])
  let bits = 0
  let held = 0
  let text = ''
  for (const byte of bytes) {
    held = (held << 8) | byte
    bits += 8
    while (bits >= 5) {
      bits -= 5
      text += ALPHABET[(held >> bits) & 31]
      held &= (1 << bits) - 1
    }
  }
  if (bits > 0) text += ALPHABET[(held << (5 - bits)) & 31]
  return [PREFIX, ...(text.match(/.{1,6}/g) ?? [])].join('-')
}

/** Forgives case, blanks, missing dashes, and o for 0, i and l for 1. @throws CliError E_KEY_FILE for anything that is no recovery key */
export function recoverySeed(text: string): Uint8Array {
  const letters = text
    .toLowerCase()
    .replaceAll(/[\s-]/g, '')
    .replace(PREFIX, '')
    .replaceAll('o', '0')
    .replaceAll(/[il]/g, '1')
  const out: number[] = []
  let bits = 0
  let held = 0
  for (const letter of letters) {
    const value = ALPHABET.indexOf(letter)
    if (value < 0) throw new CliError('E_KEY_FILE', `this is no recovery key: it has the character "${letter}"`)
    held = (held << 5) | value
    bits += 5
    if (bits >= 8) {
      bits -= 8
      out.push((held >> bits) & 255)
      held &= (1 << bits) - 1
    }
  }
  const bytes = Uint8Array.from(out)
  if (bytes.length !== SEED_BYTES + CHECK_BYTES)
    throw new CliError('E_KEY_FILE', 'this is no recovery key: a part of it is missing, or there is too much')
  const seed = bytes.subarray(0, SEED_BYTES)
  if (!checksum(seed).equals(bytes.subarray(SEED_BYTES)))
    throw new CliError('E_KEY_FILE', 'this is no recovery key: its checksum is wrong, so a character was mistyped')
  return seed
}

const checksum = (seed: Uint8Array): Buffer => createHash('sha256').update(seed).digest().subarray(0, CHECK_BYTES)
