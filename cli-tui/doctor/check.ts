/** One thing that the doctor looked at. `remedy` says what to do when it is not well. */
export interface Finding {
  readonly check: string
  readonly state: 'ok' | 'warn' | 'fail'
  readonly message: string
  readonly remedy: string | null
}

export const fine = (check: string, message: string): Finding => ({ check, state: 'ok', message, remedy: null })
export const warn = (check: string, message: string, remedy: string): Finding => ({
  check,
  state: 'warn',
  message,
  remedy,
})
export const fail = (check: string, message: string, remedy: string): Finding => ({
  check,
  state: 'fail',
  message,
  remedy,
})
