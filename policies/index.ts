/** The only way into the policies: what the daemon, the command line and the simulator may use. */
export type * from './model.ts'
export { POLICY_ERRORS, PolicyError, type PolicyErrorCode, type PolicyErrorFields } from './errors.ts'
export { LIMITS } from './limits.ts'
