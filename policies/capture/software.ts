import { PolicyError } from '../errors.ts'
import { toolName } from '../resources/attributes.ts'
import { PROVIDERS } from '../resources/package.ts'
import { MANAGERS } from '../resources/service.ts'
import type { TypeContext } from '../resources/type.ts'
import type { Captured } from './capture.ts'

/** Whether a package is there. Its version is a note: pinned, it would keep every host from its updates. */
export async function capturePackage(context: TypeContext, name: string): Promise<Captured> {
  const provider = PROVIDERS.find(({ sign }) => context.host.lstat(sign) !== null)
  if (provider === undefined) throw new PolicyError('E_UNSUPPORTED', 'this host has no package manager that is known')
  const found = (await provider.installed(context, [checked(name, 'package')])).get(name)
  if (found === undefined || found.state !== 'whole') return { key: `package/${name}`, attrs: { state: 'absent' } }
  const version = `${name} is there in version ${found.version}; say version: "${found.version}" to keep it there.`
  return { key: `package/${name}`, attrs: found.held ? { hold: true } : {}, notes: [version] }
}

/** Whether a service runs, and starts with the system. */
export async function captureService(context: TypeContext, name: string): Promise<Captured> {
  const manager = MANAGERS.find((one) => one.isHere(context))
  if (manager === undefined) throw new PolicyError('E_UNSUPPORTED', 'this host has no init system that is known')
  const is = await manager.look(context, manager.unitOf(checked(name, 'service')))
  if (is === null) throw new PolicyError('E_NOT_FOUND', `there is no service '${name}' on this host`)
  if (is.masked) return { key: `service/${name}`, attrs: { masked: true } }
  const enabled = is.enabled === 'fixed' ? {} : { enabled: is.enabled }
  return { key: `service/${name}`, attrs: { state: is.running ? 'running' : 'stopped', ...enabled } }
}

/** It becomes a word of a command: never an option. */
function checked(name: string, what: string): string {
  if (toolName.safeParse(name).success) return name
  throw new PolicyError('E_VALUE', `'${name}' cannot be the name of a ${what}`)
}
