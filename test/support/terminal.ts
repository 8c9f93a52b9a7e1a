import { execFileSync, spawnSync } from 'node:child_process'

/** Whether tests can drive a real terminal here; `.ci/run` installs tmux. */
export const HAS_TMUX = spawnSync('tmux', ['-V']).status === 0

export interface TerminalOptions {
  readonly columns: number
  readonly rows: number
  readonly env: Readonly<Record<string, string>>
}

let count = 0

/** A shell in a terminal that can be typed into and looked at: tmux, on a socket of its own. */
export class Terminal {
  readonly #socket = `chorus-test-${process.pid}-${++count}`

  constructor({ columns, rows, env }: TerminalOptions) {
    const set = Object.entries(env).flatMap(([name, value]) => ['-e', `${name}=${value}`])
    const size = ['-x', String(columns), '-y', String(rows)]
    // `cat` after the program would hide whether the terminal was given back: a shell shows it.
    this.#tmux('-f', '/dev/null', 'new-session', '-d', ...size, ...set, 'env PS1="ready> " bash --norc --noprofile')
    // A lone escape is a key here, not the start of a sequence.
    this.#tmux('set-option', '-g', 'escape-time', '0')
  }

  /** Types a command line and enter. */
  run(command: string): void {
    this.#tmux('send-keys', '-l', '--', command)
    this.keys('Enter')
  }

  /** Keys by their tmux names: `Enter`, `Escape`, `Down`, `C-c`, or single characters. */
  keys(...names: readonly string[]): void {
    this.#tmux('send-keys', '--', ...names)
  }

  /** Text as if it was typed or pasted. */
  type(text: string): void {
    this.#tmux('send-keys', '-l', '--', text)
  }

  resize(columns: number, rows: number): void {
    this.#tmux('resize-window', '-x', String(columns), '-y', String(rows))
  }

  /** What the terminal shows, row by row. `escapes`: with its colours, as SGR sequences. */
  screen({ escapes = false }: { readonly escapes?: boolean } = {}): string {
    return this.#tmux('capture-pane', '-p', ...(escapes ? ['-e', '-N'] : []))
  }

  /** What programs set and must set back: the alternate screen, the cursor, raw mode (echo and line editing off). */
  state(): { readonly alternate: boolean; readonly cursor: boolean } {
    const [alternate, cursor] = this.#tmux('display-message', '-p', '#{alternate_on} #{cursor_flag}').trim().split(' ')
    return { alternate: alternate === '1', cursor: cursor === '1' }
  }

  /** Waits until the screen shows it; gives the screen. @throws Error with the last screen */
  async until(what: string | RegExp, timeoutMs = 60_000): Promise<string> {
    const over = Date.now() + timeoutMs
    for (;;) {
      const shown = this.screen()
      if (typeof what === 'string' ? shown.includes(what) : what.test(shown)) return shown
      if (Date.now() > over) throw new Error(`not on the screen within ${timeoutMs} ms: ${what}\n${shown}`)
      await new Promise((done) => setTimeout(done, 100))
    }
  }

  close(): void {
    spawnSync('tmux', ['-L', this.#socket, 'kill-server'])
  }

  #tmux(...args: readonly string[]): string {
    return execFileSync('tmux', ['-L', this.#socket, ...args], { encoding: 'utf8' })
  }
}
