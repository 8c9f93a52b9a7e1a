/** The only way into the policies: what the daemon, the command line and the simulator may use. */
export type * from './model.ts'
export { POLICY_ERRORS, PolicyError, type PolicyErrorCode, type PolicyErrorFields } from './errors.ts'
export { LIMITS } from './limits.ts'

export { COMMON_ATTRIBUTES } from './language/common.ts'
export { compile, compileDocument, PROGRAM_FILE, type Compiled, type CompileOptions } from './language/compile.ts'
export { POLICY_FILE } from './language/load.ts'
export { expandCombinations, type Combination, type Expansion } from './language/expand.ts'
export { explain, type Explained, type ExplainedLayer } from './language/explain.ts'
export { definePolicy, type PolicyDocument, type Written } from './language/define.ts'
export { formatDiagnostic, Report, type Diagnostic } from './language/diagnostic.ts'
export { formatPolicy, type Formatted } from './language/format.ts'
export { policyJsonSchema, type JsonSchema } from './language/json-schema.ts'
export { describeIssue } from './language/attributes.ts'
export { kindOfNode, readYaml, valueOf, type YamlNode } from './language/yaml.ts'
export { appliedLayers, variablesFor, type AppliedLayer } from './language/layers.ts'
export { locateValue } from './language/locate.ts'
export { rolloutFor, rolloutShape, type SignedRollout } from './language/rollout.ts'
export { resolve, type Resolved, type ResolveOptions } from './language/resolve.ts'
export { usedNames, viewOf, type UsedNames } from './language/used-names.ts'
export { whyResource, type AttributeWhy, type Origin, type ResourceWhy } from './language/why-resource.ts'
export type { WaitingResource } from './language/waiting.ts'
export { memorySource, type PolicySource, type SourceFile } from './language/source.ts'
export type { BundlePaths } from './language/resolve-attributes.ts'
export type { TypeSchema, TypeTable } from './language/types.ts'

export {
  bindingProblem,
  openSecret,
  readSecretHeader,
  recipientMark,
  sealSecret,
  type SecretBinding,
  type SecretRecipients,
  type WantedSecret,
} from './secrets/header.ts'
export { mayBeSelected, secretFileFor, secretReaders, type SecretReaders } from './secrets/readers.ts'
export { secretSources } from './secrets/sources.ts'
export type { SecretAnswer, SecretProvider } from './secrets/use.ts'

export { buildBundle, type Block, type Bundle } from './bundle/build.ts'
export type { Sha256 } from './bundle/cid.ts'
export { encodePolicy, readPolicy, usesOf } from './bundle/policy.ts'
export { bundleSize, chunksOf, parseBundleRoot, type BundleRoot, type Chunked } from './bundle/root.ts'

export { EXPRESSION_DOCS, type FunctionDoc } from './expr/docs.ts'
export { checkSelector, evaluateCondition, evaluateSelector, SELECTOR_ROOTS, type Selection } from './expr/selector.ts'
export { didYouMean, suggest } from './expr/suggest.ts'
export { whyNot, type Term } from './expr/why-not.ts'

export { RESOURCE_TYPES } from './resources/table.ts'
export { unifiedDiff } from './resources/diff.ts'

export {
  TEMPORARY_PREFIX,
  type Attributes,
  type BackupId,
  type Digest,
  type Entry,
  type EntryKind,
  type ExecOptions,
  type ExecResult,
  type FetchOptions,
  type Liveness,
  type ProcessSpec,
  type ProcessStatus,
  type HostPort,
  type ProbeTarget,
  type StagedFile,
  type Supervisor,
} from './host.ts'
export type { MaybePromise } from './maybe.ts'
export type { BundleContent, ResourceType } from './resources/type.ts'
export { capture, CAPTURED_TYPES, type Captured } from './capture/capture.ts'
export { writeCaptured } from './capture/write.ts'
export { claimsOf, priorityOf, sharedClaims, type Claimant, type SharedClaim } from './converge/claims.ts'
export {
  aroundOf,
  describeCheck,
  NOTHING_AROUND,
  runsCommands,
  type Around,
  type HealthCheck,
} from './converge/around.ts'
export { convergeHost } from './converge/run.ts'
export { rewindRun, type Rewound } from './converge/rewind.ts'
export { mayRunCommands } from './converge/context.ts'
export { Session } from './converge/session.ts'
export {
  idOf,
  NO_MEMORY,
  type ConvergeRequest,
  type ConvergeResult,
  type Grant,
  type HostPolicy,
  type Memory,
  type RememberedResource,
} from './converge/types.ts'
