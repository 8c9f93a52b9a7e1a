/** Everything that the simulator refuses, by code. `docs/errors.md` says what to do about each. */
export type SimCode = 'E_SIM_NODE' | 'E_SIM_FLEET' | 'E_SIM_OVERLAY' | 'E_SIM_STATE' | 'E_SIM_POLICY' | 'E_SIM_STOPPED'

/** The message is one sentence: what is wrong, where, what to do. */
export class SimError extends Error {
  override readonly name = 'SimError'
  readonly code: SimCode
  readonly fields: Readonly<Record<string, unknown>>

  constructor(code: SimCode, message: string, fields: Readonly<Record<string, unknown>> = {}) {
    super(message)
    this.code = code
    this.fields = fields
  }
}
