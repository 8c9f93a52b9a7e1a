import { closeSync, fstatSync, mkdirSync, openSync, renameSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import { DAEMON_LIMITS } from './limits.ts'

/** What a supervised program writes: a file that starts anew at its limit, the one before it kept as `.1`. */
export class ProcessLog {
  readonly #path: string
  #fd: number
  #bytes: number
  #tail = Buffer.alloc(0)

  constructor(path: string) {
    this.#path = path
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    this.#fd = openSync(path, 'a', 0o600)
    this.#bytes = fstatSync(this.#fd).size
  }

  write(bytes: Buffer): void {
    this.#tail = Buffer.concat([this.#tail, bytes]).subarray(-4 * DAEMON_LIMITS.processWords)
    try {
      if (this.#bytes + bytes.length > DAEMON_LIMITS.processLogBytes) this.#turn()
      writeSync(this.#fd, bytes)
      this.#bytes += bytes.length
    } catch {
      // A full disk must not end the program: its words are lost, and the tail is there.
    }
  }

  /** The last characters in one line, without control characters. */
  tail(characters: number): string {
    const text = this.#tail
      .toString('utf8')
      .trim()
      .replaceAll(/\s*\n\s*/g, '; ')
    return text.replaceAll(/\p{Cc}/gu, '').slice(-characters)
  }

  close(): void {
    closeSync(this.#fd)
  }

  #turn(): void {
    closeSync(this.#fd)
    renameSync(this.#path, `${this.#path}.1`)
    this.#fd = openSync(this.#path, 'a', 0o600)
    this.#bytes = 0
  }
}
