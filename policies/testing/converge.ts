import { convergeHost } from '../converge/run.ts'
import {
  NO_MEMORY,
  type ConvergeRequest,
  type ConvergeResult,
  type HostPolicy,
  type Memory,
} from '../converge/types.ts'
import type { HostPort } from '../host.ts'
import type { Outcome, ResolvedResource } from '../model.ts'
import { RESOURCE_TYPES } from '../resources/table.ts'
import type { BundleContent } from '../resources/type.ts'

type Attrs = ResolvedResource['attrs']
type Common = Partial<Omit<ResolvedResource, 'policy' | 'key' | 'type' | 'name' | 'attrs' | 'at'>>

/** A resource as the resolver would give it. */
export function resource(policy: string, key: string, attrs: Attrs, common: Common = {}): ResolvedResource {
  const [type = '', name = ''] = key.split('/')
  return {
    policy,
    key,
    type,
    name,
    attrs,
    require: [],
    before: [],
    notify: [],
    subscribe: [],
    sensitive: false,
    noop: false,
    onRemove: 'leave',
    ...common,
    at: { file: 'policy.yaml', line: 1, column: 1 },
  }
}

/** A policy in force. */
export function inForce(
  policy: string,
  resources: readonly ResolvedResource[],
  rest: Partial<HostPolicy> = {},
): HostPolicy {
  return { policy, after: [], grant: null, resources, ...rest }
}

const NO_CONTENT: BundleContent = {
  file: () => undefined,
  folder: () => [],
  chunk: () => Promise.reject(new Error('there is no content')),
}

/** Runs on one host again and again, with the memory of the run before. */
export class Runs {
  readonly host: HostPort
  memory: Memory = NO_MEMORY
  readonly #rest: Partial<ConvergeRequest>

  constructor(host: HostPort, rest: Partial<ConvergeRequest> = {}) {
    this.host = host
    this.#rest = rest
  }

  async run(policies: readonly HostPolicy[], rest: Partial<ConvergeRequest> = {}): Promise<ConvergeResult> {
    const result = await convergeHost({
      host: this.host,
      content: NO_CONTENT,
      types: RESOURCE_TYPES,
      policies,
      // What is stored and read again must do as well as the object itself.
      memory: JSON.parse(JSON.stringify(this.memory)) as Memory,
      apply: true,
      ...this.#rest,
      ...rest,
    })
    this.memory = result.memory
    return result
  }

  async plan(policies: readonly HostPolicy[]): Promise<ConvergeResult> {
    return await this.run(policies, { apply: false })
  }
}

/** One line an outcome: `web/site file/motd changed wanted: new file, 3 bytes`. */
export function lines(outcomes: readonly Outcome[]): string[] {
  return outcomes.map(({ policy, key, state, cause, code, reason }) =>
    [policy, key, state, cause, code]
      .filter((part) => part !== undefined)
      .join(' ')
      .concat(': ', reason),
  )
}

/** `key state` of each outcome. */
export function states(outcomes: readonly Outcome[]): string[] {
  return outcomes.map(({ key, state }) => `${key} ${state}`)
}
