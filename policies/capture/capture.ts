import { PolicyError } from '../errors.ts'
import { didYouMean } from '../expr/suggest.ts'
import type { HostPort } from '../host.ts'
import type { Value } from '../model.ts'
import { captureGroup, captureKeys, captureUser } from './accounts.ts'
import { captureFile } from './files.ts'
import { lookingAt } from './looking.ts'
import { capturePackage, captureService } from './software.ts'

/** One resource as it is on a host, in the words of a policy. */
export interface Captured {
  /** `file/etc-motd` */
  readonly key: string
  readonly attrs: Readonly<Record<string, Value>>
  /** Secrets that the attributes name, and the file of this host that holds each. */
  readonly secrets?: Readonly<Record<string, string>>
  /** Files to be copied into the policy folder: path in the folder to path on this host. */
  readonly copies?: Readonly<Record<string, string>>
  /** What the reader should know, whole sentences. */
  readonly notes?: readonly string[]
}

type Capturer = (host: HostPort, name: string) => Promise<Captured> | Captured

const CAPTURERS: Readonly<Record<string, Capturer>> = {
  file: captureFile,
  user: captureUser,
  group: captureGroup,
  ssh_keys: captureKeys,
  package: (host, name) => capturePackage(lookingAt(host), name),
  service: (host, name) => captureService(lookingAt(host), name),
}

export const CAPTURED_TYPES: readonly string[] = Object.keys(CAPTURERS)

/**
 * What is on this host, as a resource that would make it so: `file:/etc/motd`, `user:deploy`, `package:nginx`. Changes
 * nothing, and reads no content that not everybody on the host may read: that is named as a secret.
 *
 * @throws PolicyError E_VALUE for what cannot be captured, E_NOT_FOUND for what is not there, and those of the host
 */
export async function capture(host: HostPort, wanted: string): Promise<Captured> {
  const colon = wanted.indexOf(':')
  const [type, name] = [wanted.slice(0, colon), wanted.slice(colon + 1)]
  if (colon < 1 || name === '') {
    const hint = 'Write TYPE:NAME, as in file:/etc/motd, user:deploy, package:nginx.'
    throw new PolicyError('E_VALUE', `'${wanted}' does not say what to capture`, { hint })
  }
  const capturer = Object.hasOwn(CAPTURERS, type) ? CAPTURERS[type] : undefined
  if (capturer === undefined) {
    const message = `a resource of the type '${type}' cannot be captured.${didYouMean(type, CAPTURED_TYPES)}`
    throw new PolicyError('E_VALUE', message, { hint: `These can: ${CAPTURED_TYPES.join(', ')}.` })
  }
  return await capturer(host, name)
}
