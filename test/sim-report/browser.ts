import { spawn, type ChildProcess } from 'node:child_process'
import { accessSync, constants, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { createInterface } from 'node:readline'

/** A headless Chromium, driven by the DevTools protocol over its own socket: what a test needs, and no package for it. */
export class Browser {
  readonly #child: ChildProcess
  readonly #socket: WebSocket
  readonly #profile: string
  readonly #answers = new Map<number, { done: (result: unknown) => void; failed: (error: Error) => void }>()
  /** What the page said and fetched, in order. */
  readonly complaints: string[] = []
  readonly requests: string[] = []
  #calls = 0
  #loaded: () => void = () => undefined

  private constructor(child: ChildProcess, socket: WebSocket, profile: string) {
    this.#child = child
    this.#socket = socket
    this.#profile = profile
    socket.addEventListener('message', ({ data }) => this.#take(String(data)))
  }

  /** The browser's command, or undefined if there is none on this machine. */
  static find(): string | undefined {
    const names = ['chromium', 'chromium-browser', 'google-chrome']
    const places = (process.env['PATH'] ?? '').split(delimiter).flatMap((dir) => names.map((name) => join(dir, name)))
    return places.find((path) => {
      try {
        accessSync(path, constants.X_OK)
        return true
      } catch {
        return false
      }
    })
  }

  static async start(command: string): Promise<Browser> {
    const profile = mkdtempSync(join(tmpdir(), 'chorus-browser-'))
    const child = spawn(
      command,
      [
        '--headless=new',
        '--no-sandbox',
        '--disable-gpu',
        '--disable-dev-shm-usage',
        '--remote-debugging-port=0',
        `--user-data-dir=${profile}`,
        'about:blank',
      ],
      { stdio: ['ignore', 'ignore', 'pipe'] },
    )
    const address = await new Promise<string>((done, failed) => {
      child.once('exit', (code) => failed(new Error(`the browser ended with ${code}`)))
      createInterface({ input: child.stderr }).on('line', (line) => {
        const found = /DevTools listening on (ws:\/\/[^/]+)/.exec(line)?.[1]
        if (found !== undefined) done(found)
      })
    })
    const pages: unknown = await (await fetch(`${address.replace('ws:', 'http:')}/json/list`)).json()
    // The protocol's own list of pages; about:blank is the only one.
    const [page] = pages as { readonly webSocketDebuggerUrl: string }[]
    const socket = new WebSocket(page?.webSocketDebuggerUrl ?? '')
    await new Promise((done) => socket.addEventListener('open', done))
    const browser = new Browser(child, socket, profile)
    for (const domain of ['Page', 'Runtime', 'Network', 'Log']) await browser.#call(`${domain}.enable`)
    return browser
  }

  /** Opens a page on a screen of this size, as a phone does if it is narrow; resolves when it has loaded. */
  async open(url: string, width: number, height: number): Promise<void> {
    await this.#call('Emulation.setDeviceMetricsOverride', { width, height, deviceScaleFactor: 2, mobile: width < 600 })
    const loaded = new Promise<void>((done) => (this.#loaded = done))
    await this.#call('Page.navigate', { url })
    await loaded
  }

  /** The value of an expression in the page. */
  async ask(expression: string): Promise<unknown> {
    const answer = await this.#call('Runtime.evaluate', { expression, returnByValue: true, awaitPromise: true })
    // The protocol's shape.
    const { result, exceptionDetails } = answer as { result: { value?: unknown }; exceptionDetails?: { text: string } }
    if (exceptionDetails !== undefined) throw new Error(exceptionDetails.text)
    return result.value
  }

  async close(): Promise<void> {
    const gone = new Promise((done) => this.#child.once('exit', done))
    this.#socket.close()
    this.#child.kill('SIGTERM')
    await gone
    rmSync(this.#profile, { recursive: true, force: true, maxRetries: 5 })
  }

  #call(method: string, params: object = {}): Promise<unknown> {
    const id = ++this.#calls
    this.#socket.send(JSON.stringify({ id, method, params }))
    return new Promise((done, failed) => this.#answers.set(id, { done, failed }))
  }

  #take(text: string): void {
    // The protocol's shape.
    const message = JSON.parse(text) as {
      readonly id?: number
      readonly method?: string
      readonly result?: unknown
      readonly error?: { readonly message: string }
      readonly params?: Readonly<Record<string, unknown>>
    }
    if (message.id !== undefined) {
      const waiting = this.#answers.get(message.id)
      this.#answers.delete(message.id)
      if (message.error !== undefined) waiting?.failed(new Error(message.error.message))
      else waiting?.done(message.result)
      return
    }
    if (message.method === 'Page.loadEventFired') this.#loaded()
    if (message.method === 'Runtime.exceptionThrown' || message.method === 'Log.entryAdded')
      this.complaints.push(JSON.stringify(message.params))
    if (message.method === 'Network.requestWillBeSent') this.requests.push(JSON.stringify(message.params?.['request']))
  }
}
