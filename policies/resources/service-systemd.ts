import { PolicyError } from '../errors.ts'
import { LIMITS } from '../limits.ts'
import type { ServiceAction, ServiceManager } from './service-manager.ts'
import { askTool, mustRun, runTool } from './tool.ts'

const PROPERTIES = 'LoadState,ActiveState,UnitFileState,NeedDaemonReload'
const ENABLED = new Set(['enabled', 'enabled-runtime', 'linked', 'linked-runtime'])
const FIXED = new Set(['static', 'indirect', 'generated', 'transient', 'alias'])
const RUNNING = new Set(['active', 'activating', 'reloading', 'refreshing'])

const VERBS: Readonly<Record<ServiceAction, string>> = {
  start: 'start',
  stop: 'stop',
  restart: 'restart',
  reload: 'reload-or-restart',
  enable: 'enable',
  disable: 'disable',
  mask: 'mask',
  unmask: 'unmask',
  reread: 'daemon-reload',
}

export const systemd: ServiceManager = {
  name: 'systemd',
  isHere: ({ host }) => host.lstat('/run/systemd/system')?.kind === 'folder',
  unitOf: (name) =>
    /\.(service|socket|timer|path|target|mount|slice|automount|swap)$/.test(name) ? name : `${name}.service`,
  async look(context, unit) {
    const output = await askTool(context, ['systemctl', 'show', '--no-pager', '-p', PROPERTIES, '--', unit])
    const is = new Map(output.split('\n').map((line) => [line.split('=')[0] ?? '', line.split('=')[1] ?? '']))
    const load = is.get('LoadState')
    const masked = load === 'masked'
    if (load === 'not-found' || load === undefined) return null
    if (load !== 'loaded' && !masked)
      throw new PolicyError('E_VALUE', `systemd cannot read ${unit} (${load}): see systemctl status ${unit}`)
    const file = is.get('UnitFileState') ?? ''
    return {
      running: RUNNING.has(is.get('ActiveState') ?? ''),
      failed: is.get('ActiveState') === 'failed',
      enabled: FIXED.has(file) || file === '' ? 'fixed' : ENABLED.has(file),
      masked,
      outdated: is.get('NeedDaemonReload') === 'yes',
    }
  },
  async act(context, unit, action) {
    const argv = ['systemctl', VERBS[action], '-q', '--no-pager', ...(action === 'reread' ? [] : ['--', unit])]
    await mustRun(context, argv, { timeoutMs: LIMITS.serviceMs })
  },
  // systemd makes the link when it starts a unit and removes it when the unit has ended.
  watchPaths: (unit) => [
    `/run/systemd/units/invocation:${unit}`,
    `/etc/systemd/system/multi-user.target.wants/${unit}`,
    `/etc/systemd/system/${unit}`,
  ],
  async lastWords(context, unit) {
    const argv = ['journalctl', '-q', '--no-pager', '-o', 'cat', '-n', '3', '-u', unit]
    const { end, code, output } = await runTool(context, argv)
    return end === 'exit' && code === 0 ? output.trim().split('\n').join('; ') : ''
  },
}
