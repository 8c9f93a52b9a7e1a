import { appendFileSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Memory, RememberedResource } from '../../policies/index.ts'
import { NO_MEMORY } from '../../policies/index.ts'
import type { Meta } from '../store/index.ts'
import { DAEMON_LIMITS } from './limits.ts'

const NAME = 'run-memory'
const JOURNAL = 'run-memory.jsonl'

/**
 * What runs remember of this host (what they made, what was overwritten), kept through restarts: whole in the store at the
 * end of each run, and resource by resource in a journal beside it while one works, so that a kill forgets nothing.
 */
export class RunMemory {
  readonly #meta: Meta
  readonly #journal: string
  #value: Memory
  #journalled = 0

  constructor(meta: Meta, stateDir: string) {
    this.#meta = meta
    this.#journal = join(stateDir, JOURNAL)
    this.#value = replayed(stored(meta), readLines(this.#journal))
  }

  get value(): Memory {
    return this.#value
  }

  /** One resource was changed. Survives a kill of the process, not a power cut; `save` does both. */
  progress(id: string, remembered: RememberedResource | null): void {
    const line = `${JSON.stringify([id, remembered])}\n`
    if (this.#journalled + line.length > DAEMON_LIMITS.memoryBytes) return
    appendFileSync(this.#journal, line, { mode: 0o600 })
    this.#journalled += line.length
  }

  save(value: Memory): void {
    if (value !== this.#value) {
      this.#meta.set(NAME, value)
      this.#value = value
    }
    if (this.#journalled > 0) truncateSync(this.#journal)
    this.#journalled = 0
  }
}

function stored(meta: Meta): Memory {
  const value = meta.get(NAME)
  // Written by `save` alone. Another version's is as good as none: everything is then checked as if it were new.
  return typeof value === 'object' && value !== null && 'v' in value && value.v === 1 ? (value as Memory) : NO_MEMORY
}

/** Lines of the journal; its last one may have been cut off. */
function readLines(path: string): string[] {
  try {
    return readFileSync(path, 'utf8').split('\n').slice(0, -1)
  } catch {
    writeFileSync(path, '', { mode: 0o600 })
    return []
  }
}

function replayed(memory: Memory, lines: readonly string[]): Memory {
  if (lines.length === 0) return memory
  const resources = { ...memory.resources }
  for (const line of lines) {
    // Written by `progress` alone.
    const [id, remembered] = JSON.parse(line) as [string, RememberedResource | null]
    if (remembered === null) delete resources[id]
    else resources[id] = remembered
  }
  return { v: 1, resources }
}
