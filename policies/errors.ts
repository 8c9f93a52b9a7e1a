import { HOST_ERRORS } from './host-errors.ts'
import type { SourcePlace } from './model.ts'

/** Every code of this folder with what it means and what to do; `docs/errors.md` is held complete against this table. */
export const POLICY_ERRORS = {
  E_YAML: [
    'The file is not strict YAML 1.2.',
    'Fix the place that is named; a warning of the parser counts as an error.',
  ],
  E_YAML_DEPTH: ['The YAML is nested too deeply.', 'Flatten it: a policy needs less than ten levels.'],
  E_YAML_ALIAS: [
    'Aliases expand to too much, or an alias contains itself.',
    'Write the values out, or move them to a data layer.',
  ],
  E_DUPLICATE_KEY: ['A map has the same key twice.', 'Remove or rename one of the two.'],
  E_UNKNOWN_KEY: ['A key means nothing here.', 'Correct its spelling; `chorus docs TYPE` lists what a type knows.'],
  E_UTF8: [
    'A text file is not UTF-8.',
    'Convert the file to UTF-8, or use it as `source` of a file, where any bytes are allowed.',
  ],
  E_PATH: [
    'A path leaves its folder or its grant, passes a hostile link, or is not clean.',
    'In a policy folder use a relative path without `..`; on a host an absolute one that the grant covers.',
  ],
  E_TOO_LARGE: [
    'A file, a folder or a bundle is over its limit.',
    'Split it, or leave large content to a package or an archive.',
  ],
  E_NO_FILE: ['A file that the policy names is not in its folder.', 'Correct the name, or add the file.'],
  E_POLICY_NAME: [
    'The policy or resource has no valid name.',
    'Use lower-case names as in `web/site`, and keys as in `file/motd`.',
  ],
  E_VALUE: ['A value has the wrong type or shape.', 'Write what the message asks for.'],
  E_ATTRIBUTE: ['An attribute does not fit the schema of its resource type.', 'See `chorus docs TYPE`.'],
  E_UNKNOWN_TYPE: ['No resource type has this name.', 'Correct its spelling; `chorus docs` lists all types.'],
  E_EXPR: ['An expression does not parse, or fails.', 'Correct it; the message names the place in the expression.'],
  E_EXPR_LIMIT: [
    'An expression is too long or takes too many steps.',
    'Make it simpler, or move the work to a data layer.',
  ],
  E_TEMPLATE: ['A template does not parse, or fails.', 'Correct it; the message names the line of the template.'],
  E_TEMPLATE_LIMIT: ['A template takes too many steps or too much memory.', 'Loop over less.'],
  E_UNKNOWN_VAR: [
    'A variable is used or set that `vars` does not declare.',
    'Declare it in `vars`, with a default or TBD.',
  ],
  E_TBD: ['A variable is TBD and nothing fills it.', 'Fill it in a data layer, or with `--set`.'],
  E_SELECT: [
    '`select` or `when` is empty or does not give true or false.',
    'Write a condition, or "true" for every node.',
  ],
  E_REFERENCE: [
    'A reference names a resource that the policy does not have.',
    'Correct the key, as in `service/nginx`.',
  ],
  E_CYCLE: ['Resources wait for each other in a circle.', 'Remove one of the references that are listed.'],
  E_DUPLICATE_RESOURCE: ['Two resources get the same key.', 'Use `${each.key}` in the name, or rename one.'],
  E_UNSUPPORTED: ['The policy asks for something that this build cannot execute.', 'Remove it, or use a newer chorus.'],
  E_SECRET: [
    'A secret is not declared, not encrypted for its use, or not to be had on this node.',
    'Declare it in `secrets`; `chorus secret set` encrypts it for the nodes that need it.',
  ],
  E_POLICY_SCHEMA: [
    'The policy in a bundle is not one that this build can read.',
    'Publish it again with a chorus that is not newer than its nodes.',
  ],
  E_MALFORMED: ['Bytes are not the canonical form of what they claim to be.', 'Fetch or build the bundle again.'],
  E_SOURCE_CHANGED: [
    'A file changed while its bundle was being built.',
    'Build again when nobody writes to the folder.',
  ],
  ...HOST_ERRORS,
} as const satisfies Record<string, readonly [meaning: string, remedy: string]>

export type PolicyErrorCode = keyof typeof POLICY_ERRORS

export interface PolicyErrorFields {
  /** Where it stood, if that is known. */
  readonly at?: SourcePlace
  /** What to do, if the message does not say it yet. */
  readonly hint?: string
  /** The resource it concerns, as `type/name`. */
  readonly resource?: string
  /** 0-based offset into the expression or text that was read. */
  readonly offset?: number
}

/** The one error that leaves this folder. Its message says what is wrong and where; its code says which kind it is. */
export class PolicyError extends Error {
  override readonly name = 'PolicyError'
  readonly code: PolicyErrorCode
  readonly at: SourcePlace | undefined
  readonly hint: string | undefined
  readonly resource: string | undefined
  readonly offset: number | undefined

  constructor(code: PolicyErrorCode, message: string, fields: PolicyErrorFields = {}) {
    super(message)
    this.code = code
    this.at = fields.at
    this.hint = fields.hint
    this.resource = fields.resource
    this.offset = fields.offset
  }
}
