import type { MaybePromise } from '../maybe.ts'
import type { TypeContext } from './type.ts'

/** What the init system says of one service. */
export interface ServiceState {
  readonly running: boolean
  /** It ended by itself, and not well. */
  readonly failed: boolean
  /** `fixed`: started by others or by nobody; it cannot be enabled. */
  readonly enabled: boolean | 'fixed'
  readonly masked: boolean
  /** Its files have changed since the init system read them. */
  readonly outdated: boolean
}

/** An init system. Each method but the questions is one change. */
export interface ServiceManager {
  readonly name: string
  isHere(context: TypeContext): boolean
  /** The full name of a service: `nginx` is `nginx.service` for systemd. */
  unitOf(name: string): string
  /** null: there is no such service. */
  look(context: TypeContext, unit: string): MaybePromise<ServiceState | null>
  act(context: TypeContext, unit: string, action: ServiceAction): Promise<void>
  /** Paths that change when it starts, stops, or is enabled. */
  watchPaths(unit: string): readonly string[]
  /** Why a service does not run: the last that it said; empty if it is not known. */
  lastWords(context: TypeContext, unit: string): Promise<string>
}

export type ServiceAction =
  | 'start'
  | 'stop'
  | 'restart'
  | 'reload'
  | 'enable'
  | 'disable'
  | 'mask'
  | 'unmask'
  | 'reread'
