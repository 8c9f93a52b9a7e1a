import type { Config } from '../state/config.ts'

export type LogLevel = 'debug' | 'info' | 'warn' | 'error'

export interface DaemonOptions {
  /** Absolute path of the node's state folder, made by initMesh or joinMesh. */
  readonly stateDir: string
  /** Report what would change, and never change it; no policy overrides this. */
  readonly observe?: boolean
  /** Run without root: manage only what this user may change. */
  readonly user?: boolean
  /** The state folder was moved here from another machine that is gone for good: do not take it for a clone. */
  readonly moved?: boolean
  /** Settings that replace those of `chorus.yaml`. */
  readonly config?: Partial<Config>
  /** Serve Prometheus metrics over TCP too, on loopback, such as 127.0.0.1:9470. */
  readonly metrics?: string
  /** Tune the whole process for little memory: for a process that does nothing but run this daemon. */
  readonly lean?: boolean
  readonly log?: {
    /** @default 'info' */
    readonly level?: LogLevel
    /** JSON lines, or one readable line an event. @default readable if stderr is a terminal */
    readonly pretty?: boolean
    /** Where lines go. @default process.stderr */
    readonly write?: (line: string) => void
  }
  /** Ends the daemon, as `stop` does. */
  readonly signal?: AbortSignal
}

export interface Daemon {
  /** This node's name, its public key (hex), the mesh's name and id. */
  readonly node: { readonly name: string; readonly key: string; readonly id: string }
  readonly mesh: { readonly name: string; readonly id: string }
  /** Full multiaddrs, with /p2p/... */
  readonly addresses: readonly string[]
  /** Metrics' TCP address, if it was asked for. */
  readonly metrics: string | null
  /** Resolves when the daemon has ended: null after stop, else the error that ended it (a failed disk). */
  readonly ended: Promise<Error | null>
  /** Ends the run in progress, the network and the store in good order. May be called twice. */
  stop(): Promise<void>
}
