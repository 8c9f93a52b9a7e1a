/** The control API for its users: the client and the shapes of the answers. Light to import. */
export { ControlClient, type Block, type ClientOptions } from './client.ts'
export { CONTROL_ERRORS, ControlError, type ControlCode } from './errors.ts'
export { CONTROL_LIMITS } from './limits.ts'
export { API_VERSION } from './version.ts'
export { agentVersion, installed } from '../installed.ts'
export type {
  CharterView,
  ControlErrorBody,
  ControlEvent,
  FeedView,
  LogEntry,
  NodePoliciesView,
  NodePolicyView,
  NodeRow,
  PlanView,
  PolicyStatus,
  Published,
  PublishRequest,
  RecordView,
  Status,
} from './schema.ts'
export { filterOf, isCel, type Cel } from './fleet/filter.ts'
export { listOf, orderBy, type NodeList } from './fleet/list.ts'
export { concernsHere, rolloutRow } from './fleet/policies.ts'
export { Pager } from './fleet/page.ts'
export { isProblem, severityOf, STATES, sumOf, worstOf } from './fleet/states.ts'
export { groupsOf, labelNames, sumsOf } from './fleet/sums.ts'
export { GROUPS_MAX, PAGE_MAX, SORTS } from './fleet/types.ts'
export type {
  Counts,
  FilterError,
  Group,
  HeadShare,
  Health,
  LoggedEvent,
  NodeDetail,
  NodePage,
  NodeQuery,
  PolicyRow,
  Receipt,
  Rights,
  Run,
  Sort,
  Spread,
  Summary,
  TrafficLine,
  WaveRow,
} from './fleet/types.ts'
