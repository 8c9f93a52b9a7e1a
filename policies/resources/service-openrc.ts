import { PolicyError } from '../errors.ts'
import { LIMITS } from '../limits.ts'
import type { ServiceAction, ServiceManager } from './service-manager.ts'
import { askTool, mustRun } from './tool.ts'

/** Alpine and Gentoo. Enabled means: in the runlevel `default`. */
export const openrc: ServiceManager = {
  name: 'OpenRC',
  isHere: ({ host }) => host.lstat('/sbin/rc-service') !== null || host.lstat('/usr/sbin/rc-service') !== null,
  unitOf: (name) => name,
  async look(context, unit) {
    const script = context.host.lstat(`/etc/init.d/${unit}`)
    if (script === null) return null
    // Exit codes of its status: 0 started, 3 stopped, 32 crashed, others while it changes.
    const status = await askTool(context, ['rc-service', unit, 'status'], [0, 1, 3, 4, 8, 32])
    return {
      running: /status: (started|starting)/.test(status),
      failed: /crashed/.test(status),
      enabled: context.host.lstat(`/etc/runlevels/default/${unit}`) !== null,
      masked: false,
      outdated: false,
    }
  },
  async act(context, unit, action) {
    const argv = argvOf(unit, action)
    if (argv === null) throw new PolicyError('E_UNSUPPORTED', `OpenRC cannot ${action} a service`)
    await mustRun(context, argv, { timeoutMs: LIMITS.serviceMs })
  },
  watchPaths: (unit) => [`/run/openrc/started/${unit}`, `/etc/runlevels/default/${unit}`],
  lastWords: () => Promise.resolve(''),
}

function argvOf(unit: string, action: ServiceAction): readonly string[] | null {
  switch (action) {
    case 'enable':
      return ['rc-update', 'add', unit, 'default']
    case 'disable':
      return ['rc-update', 'del', unit, 'default']
    case 'start':
    case 'stop':
    case 'restart':
    case 'reload':
      return ['rc-service', unit, action]
    default:
      return null
  }
}
