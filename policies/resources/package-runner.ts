import { PolicyError } from '../errors.ts'
import type { ExecResult, HostPort } from '../host.ts'
import { LIMITS } from '../limits.ts'
import { exitCode } from './command.ts'
import type { PackageProvider } from './package-provider.ts'
import { runTool } from './tool.ts'
import type { TypeContext } from './type.ts'

/** When this process last fetched the index, since an index that has no news leaves no trace. ms */
const refreshed = new WeakMap<HostPort, number>()

/** The error of some work, or null. */
export async function attempt(work: () => Promise<void>): Promise<Error | null> {
  try {
    await work()
    return null
  } catch (error) {
    return error instanceof Error ? error : new PolicyError('E_EXIT', String(error))
  }
}

/** Runs commands of a package manager: waits for its lock, repairs what was interrupted, fetches a stale index once. */
export class PackageRunner {
  readonly #provider: PackageProvider
  readonly #context: TypeContext
  readonly #timeoutMs: number
  readonly #lockUntilMs: number

  constructor(provider: PackageProvider, context: TypeContext, timeoutMs: number) {
    this.#provider = provider
    this.#context = context
    this.#timeoutMs = timeoutMs
    this.#lockUntilMs = context.host.now() + Math.min(LIMITS.packageLockMs, timeoutMs, context.timeLeft())
  }

  async refreshIfOlder(ms: number): Promise<void> {
    const { host } = this.#context
    const times = this.#provider.indexPaths.map((path) => host.lstat(path)?.ctimeMs ?? 0)
    const newest = Math.max(refreshed.get(host) ?? 0, ...times)
    const age = host.now() - newest
    if (age >= 0 && age < ms) return
    // What can be installed without it should be: the host may be cut off just now.
    await attempt(() => this.#refresh())
  }

  async run(argv: readonly string[]): Promise<void> {
    const { interrupted, stale } = this.#provider
    let result = await this.#unlocked(argv)
    if (result.code !== 0 && interrupted?.said.test(result.output) === true) {
      await this.#must(interrupted.repair)
      result = await this.#unlocked(argv)
    }
    if (result.code !== 0 && stale.test(result.output) && !refreshed.has(this.#context.host)) {
      const failed = await attempt(() => this.#refresh())
      if (failed === null) result = await this.#unlocked(argv)
    }
    this.#judge(argv, result)
  }

  /** One command as it is: nothing is fetched and tried again. */
  async once(argv: readonly string[]): Promise<void> {
    await this.#must(argv)
  }

  async hold(names: readonly string[], on: boolean): Promise<void> {
    const argv = this.#provider.hold?.(names, on)
    if (argv !== undefined) await this.#must(argv)
  }

  async #refresh(): Promise<void> {
    await this.#must(this.#provider.refresh)
    refreshed.set(this.#context.host, this.#context.host.now())
  }

  async #must(argv: readonly string[]): Promise<void> {
    this.#judge(argv, await this.#unlocked(argv))
  }

  /** Runs it as soon as nobody else is at work. @throws PolicyError E_IN_USE, E_EXEC, E_TIMEOUT, E_CANCELLED */
  async #unlocked(argv: readonly string[]): Promise<ExecResult> {
    const { host, signal } = this.#context
    for (;;) {
      const result = await runTool(this.#context, argv, { env: this.#provider.env, timeoutMs: this.#timeoutMs })
      const code = exitCode(this.#context, argv, result)
      if (code === 0 || !this.#provider.locked.test(result.output)) return result
      if (host.now() >= this.#lockUntilMs)
        throw new PolicyError('E_IN_USE', `${argv[0]} waits for another one to end${this.#complaint(result)}`)
      await host.sleep(LIMITS.packageLockPollMs, signal)
    }
  }

  #judge(argv: readonly string[], result: ExecResult): void {
    if (result.code === 0) return
    throw new PolicyError('E_EXIT', `${argv[0]} ended with exit code ${result.code}${this.#complaint(result)}`)
  }

  /** The lines that say what is wrong, or the last ones. */
  #complaint({ output }: ExecResult): string {
    if (this.#context.sensitive) return ''
    const lines = output.split('\n').filter((line) => line.trim() !== '')
    const complaints = lines.filter((line) => this.#provider.complaints.test(line))
    const shown = (complaints.length > 0 ? complaints : lines).slice(-LIMITS.changesShown)
    return shown.length === 0
      ? ''
      : `: ${shown
          .map((line) => line.trim())
          .join('; ')
          .slice(0, LIMITS.execShownChars)}`
  }
}
