import { stripVTControlCharacters } from 'node:util'
import type { Io } from '../io.ts'
import { age, clip, width } from './text.ts'

export interface Progress {
  update(label: string): void
  /** Clears the line. Safe to call twice. */
  stop(): void
}

const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏']
/** Eight frames a second read as motion and cost nothing. */
const FRAME_MS = 120
/** Work that ends sooner than this shows no line at all. */
const QUIET_MS = 400

/** One line on stderr that is redrawn in place; nothing at all off a terminal. */
export function startProgress(io: Io, first: string): Progress {
  if (!io.stderr.isTTY || io.env['TERM'] === 'dumb') return { update: () => undefined, stop: () => undefined }
  let label = first
  let frame = 0
  let drawn = false
  const startedAt = io.now()
  const timer = setInterval(() => {
    const elapsed = io.now() - startedAt
    if (elapsed < QUIET_MS) return
    const line = `${FRAMES[frame++ % FRAMES.length]} ${label} (${age(elapsed)})`
    // Cutting through a colour would leave it on.
    const text = width(line) < io.stderr.columns ? line : clip(stripVTControlCharacters(line), io.stderr.columns - 1)
    io.stderr.write(`\r\u001b[K${text}`)
    drawn = true
  }, FRAME_MS)
  timer.unref()
  return {
    update: (next) => {
      label = next
    },
    stop: () => {
      clearInterval(timer)
      if (drawn) io.stderr.write('\r\u001b[K')
      drawn = false
    },
  }
}
