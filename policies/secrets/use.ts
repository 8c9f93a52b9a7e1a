import { PolicyError } from '../errors.ts'
import type { ExprMap } from '../expr/value.ts'

/** What a provider knows of a secret: its value, or that this node does not have it yet, and why as far as that is known. */
export type SecretAnswer = { readonly value: string } | { readonly missing: string } | 'waiting'

/** Gives a node its secrets by name. Where there is none, every secret is waited for. */
export type SecretProvider = (name: string) => SecretAnswer

/** Watches which secrets one resource takes, so that what they give is sensitive, and what is missing is waited for. */
export class SecretUse {
  /** Secrets that were read. */
  readonly names = new Set<string>()
  /** Those among them that this node does not have yet, and why; '' if nobody knows. */
  readonly waiting = new Map<string, string>()
  /** `secrets` in the scope of expressions and templates: every read of a field passes here. */
  readonly scope: ExprMap

  /** @param provider undefined where no secret may be used at all */
  constructor(declared: Iterable<string>, provider: SecretProvider | undefined) {
    const scope: Record<string, string> = {}
    for (const name of declared)
      Object.defineProperty(scope, name, { enumerable: true, get: () => this.#read(name, provider) })
    this.scope = scope
  }

  /** `waiting for secret tls_key: this node is not among those that can read it`. */
  get reason(): string {
    const names = [...this.waiting.keys()].sort()
    const why = names.map((name) => this.waiting.get(name) ?? '').filter((text) => text !== '')
    return `waiting for secret ${names.join(', ')}${why.length === 0 ? '' : `: ${why.join('; ')}`}`
  }

  #read(name: string, provider: SecretProvider | undefined): string {
    if (provider === undefined) {
      throw new PolicyError(
        'E_SECRET',
        `the secret ${name} decides here which resources there are, which everybody sees`,
        {
          hint: 'Use it in attributes and templates only, not in when, each, names and references.',
        },
      )
    }
    this.names.add(name)
    const answer = provider(name)
    if (answer !== 'waiting' && 'value' in answer) return answer.value
    this.waiting.set(name, answer === 'waiting' ? '' : answer.missing)
    throw new PolicyError('E_SECRET', `waiting for secret ${name}`)
  }
}
