import { createHmac, randomBytes } from 'node:crypto'
import type {
  BundleFile,
  CompiledPolicy,
  Grant,
  NodeContext,
  SecretAnswer,
  SecretProvider,
  SecretSource,
} from '../../policies/index.ts'
import {
  PolicyError,
  readSecretHeader,
  openSecret,
  recipientMark,
  secretSources,
  LIMITS,
} from '../../policies/index.ts'
import type { BlobService } from '../blobs/types.ts'
import { messageOf } from '../errors.ts'
import type { AgeIdentity } from '../join/secrets.ts'
import type { LoadedBundle } from './bundles.ts'
import { DAEMON_LIMITS } from './limits.ts'
import { commandRefusal, fileRefusal, secretOfCommand, secretOfFile, type Found } from './secret-sources.ts'

export interface SecretsOptions {
  /** Id of the mesh: a file that was made for another one does not open. */
  readonly mesh: string
  readonly blobs: Pick<BlobService, 'readChunks'>
  /** This node's age identity; read when the first secret needs it. @throws NodeError E_STATE */
  readonly identity: () => Promise<AgeIdentity>
}

/** The secrets of one policy on this node, for one run. */
export interface HeldSecrets {
  readonly provider: SecretProvider
  /** Differs when a value does; says nothing of it. Constant for a policy without secrets. */
  readonly mark: string
  /** By name, those that are here: to be kept out of what is said. */
  readonly values: ReadonlyMap<string, string>
}

const NONE: HeldSecrets = { provider: () => 'waiting', mark: '', values: new Map() }

/**
 * Finds the secrets of this node's policies: opens those of the bundle with the node's own key, reads files, runs
 * commands. Values are held in memory alone, and no message quotes one: a secret that is not to be had is waited for, with
 * the reason.
 */
export class NodeSecrets {
  readonly #options: SecretsOptions
  readonly #opened = new Map<string, Found>()
  /** Marks are worth nothing outside this process. */
  readonly #salt = randomBytes(32)

  constructor(options: SecretsOptions) {
    this.#options = options
  }

  async of(bundle: LoadedBundle, context: NodeContext, grant: Grant | null): Promise<HeldSecrets> {
    const { policy } = bundle
    if (policy.secrets === undefined) return NONE
    const answers = new Map<string, SecretAnswer>()
    for (const [name, source] of secretSources(policy, context)) {
      answers.set(
        name,
        source instanceof PolicyError ? { missing: source.message } : await this.#find(bundle, name, source, grant),
      )
    }
    const mark = createHmac('sha256', this.#salt)
      .update(JSON.stringify([...answers]))
      .digest('hex')
    const values = new Map([...answers].flatMap(([name, answer]) => (hasValue(answer) ? [[name, answer.value]] : [])))
    return { provider: (name) => answers.get(name) ?? 'waiting', mark, values }
  }

  async #find(bundle: LoadedBundle, name: string, source: SecretSource, grant: Grant | null): Promise<Found> {
    if ('file' in source) {
      const refusal = fileRefusal(source.file, grant)
      return refusal === undefined ? secretOfFile(source.file) : { missing: refusal }
    }
    if ('exec' in source) {
      const refusal = commandRefusal(grant)
      return refusal === undefined ? await secretOfCommand(source.exec) : { missing: refusal }
    }
    const file = bundle.files.get(source.age)
    if (file === undefined) return { missing: `the policy has no file ${source.age} for this node` }
    if (file.size > LIMITS.secretFileBytes) return { missing: `${source.age} is too large for a secret` }
    return await this.#open(bundle.policy.policy, name, file)
  }

  /** What opens today opens tomorrow, and what does not either: this node's key is the same until it starts again. */
  async #open(policy: string, name: string, file: BundleFile): Promise<Found> {
    const key = JSON.stringify([policy, name, file.chunks])
    const known = this.#opened.get(key)
    if (known !== undefined) return known
    const parts: Uint8Array[] = []
    for await (const part of this.#options.blobs.readChunks(file.chunks)) parts.push(part)
    const found = await this.#decrypt(policy, name, file.path, Buffer.concat(parts))
    this.#opened.set(key, found)
    for (const oldest of this.#opened.keys()) {
      if (this.#opened.size <= DAEMON_LIMITS.secretCache) break
      this.#opened.delete(oldest)
    }
    return found
  }

  async #decrypt(policy: string, name: string, path: string, bytes: Uint8Array): Promise<Found> {
    const { mesh, identity } = this.#options
    const stranger = { missing: `${path} is not encrypted for this node; chorus secret rekey includes it` }
    try {
      const { recipients } = readSecretHeader(bytes)
      const { recipient, decrypt } = await identity()
      const named = recipients.to.includes(recipientMark(recipient)) || recipients.also.includes(recipient)
      if (recipients.to.length > 0 && !named) return stranger
      const value = await openSecret(bytes, { mesh, policy, name }, async (sealed) => {
        try {
          return await decrypt(sealed)
        } catch {
          // What age says is about keys and formats; whoever reads it needs to know one thing.
          throw new PolicyError('E_SECRET', stranger.missing)
        }
      })
      return { value: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(value) }
    } catch (error) {
      if (error instanceof TypeError) return { missing: `${path} does not hold text` }
      return {
        missing: error instanceof PolicyError ? error.message : `${path} cannot be opened (${messageOf(error)})`,
      }
    }
  }
}

function hasValue(answer: SecretAnswer): answer is { readonly value: string } {
  return answer !== 'waiting' && 'value' in answer
}

/** As without a mesh: what the machine has itself. No key opens what is in the bundle, so that is waited for. */
export async function localSecrets(policy: CompiledPolicy, context: NodeContext): Promise<SecretProvider> {
  const answers = new Map<string, SecretAnswer>()
  for (const [name, source] of secretSources(policy, context)) {
    if (source instanceof PolicyError) answers.set(name, { missing: source.message })
    else if ('file' in source) answers.set(name, secretOfFile(source.file))
    else if ('exec' in source) answers.set(name, await secretOfCommand(source.exec))
    else answers.set(name, { missing: 'it is encrypted for the nodes of a mesh' })
  }
  return (name) => answers.get(name) ?? 'waiting'
}
