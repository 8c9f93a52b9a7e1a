/** The control API for its users: the client and the shapes of the answers. Light to import. */
export { ControlClient, type Block, type ClientOptions } from './client.ts'
export { CONTROL_ERRORS, ControlError, type ControlCode } from './errors.ts'
export { CONTROL_LIMITS } from './limits.ts'
export { API_VERSION } from './version.ts'
export type {
  CharterView,
  ControlErrorBody,
  ControlEvent,
  FeedView,
  LogEntry,
  NodeRow,
  PlanView,
  PolicyStatus,
  Published,
  PublishRequest,
  RecordView,
  Status,
} from './schema.ts'
