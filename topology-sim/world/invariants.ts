/** Something happened that must never happen. */
export interface Violation {
  readonly invariant: 'unauthorised' | 'lostPublish' | 'differentLedger' | 'pools' | 'notConverged'
  readonly atMs: number
  readonly node: number
  /** One sentence: what is wrong, where. */
  readonly message: string
}
