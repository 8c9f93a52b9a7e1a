import { stringify } from 'yaml'
import type { Captured } from './capture.ts'

export interface CapturedPolicy {
  readonly name: string
  readonly select: string
  readonly resources: readonly Captured[]
}

/** A policy of what was captured, as a person would write it: it compiles once its files and secrets are there. */
export function writeCaptured({ name, select, resources }: CapturedPolicy): string {
  const secrets = Object.fromEntries(
    resources.flatMap((one) =>
      Object.keys(one.secrets ?? {}).map((secret) => [secret, { age: `secrets/${secret}.age` }]),
    ),
  )
  const document = {
    policy: name,
    select,
    ...(Object.keys(secrets).length === 0 ? {} : { secrets }),
    resources: Object.fromEntries(resources.map(({ key, attrs }) => [key, attrs])),
  }
  return stringify(document, { lineWidth: 0, version: '1.2', schema: 'core', aliasDuplicateObjects: false })
}
