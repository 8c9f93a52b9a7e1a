import { describe, expect, it } from 'vitest'
import { inForce, lines, resource } from '../testing/converge.ts'
import { ToolLab } from '../testing/tools.ts'
import { service } from './service.ts'

interface Unit {
  load?: string
  active?: string
  file?: string
  outdated?: boolean
  /** Ends by itself right after its start. */
  dies?: boolean
}

/** A host with systemd, and what is known of its units. */
function systemdHost(units: Record<string, Unit> = { nginx: {} }) {
  const unitOf = (argv: readonly string[]): Unit =>
    units[argv.at(-1)?.replace('.service', '') ?? ''] ?? { load: 'not-found' }
  const change = (work: (unit: Unit) => void) => (argv: readonly string[]) => {
    work(unitOf(argv))
    return ''
  }
  const start = change((unit) => {
    unit.active = unit.dies === true ? 'failed' : 'active'
  })
  const lab = new ToolLab({
    'systemctl show': (argv) => {
      const { load = 'loaded', active = 'inactive', file = 'disabled', outdated = false } = unitOf(argv)
      return `LoadState=${load}\nActiveState=${active}\nUnitFileState=${file}\nNeedDaemonReload=${outdated ? 'yes' : 'no'}\n`
    },
    'systemctl start': start,
    'systemctl restart': start,
    'systemctl reload-or-restart': '',
    'systemctl stop': change((unit) => {
      unit.active = 'inactive'
    }),
    'systemctl enable': change((unit) => {
      unit.file = 'enabled'
    }),
    'systemctl disable': change((unit) => {
      unit.file = 'disabled'
    }),
    'systemctl mask': change((unit) => {
      unit.load = 'masked'
      unit.file = 'masked'
    }),
    'systemctl unmask': change((unit) => {
      unit.load = 'loaded'
      unit.file = 'disabled'
    }),
    'systemctl daemon-reload': () => {
      for (const unit of Object.values(units)) unit.outdated = false
      return ''
    },
    journalctl: 'bind() to 0.0.0.0:80 failed\nexiting\n',
  }).lay({ '/run/systemd/system/': '', '/etc/nginx.conf': 'old\n' })
  const changes = () => lab.commands.filter((line) => !line.startsWith('systemctl show'))
  return { lab, units, changes }
}

const UP = { state: 'running', enabled: true }
const conf = (content: string) =>
  resource('p', 'file/conf', { path: '/etc/nginx.conf', content }, { notify: ['service/nginx'] })

describe('a service of systemd', () => {
  it('is enabled and started once', async () => {
    const { lab, changes } = systemdHost()
    expect(await lab.one('service/nginx', UP)).toBe('changed wanted: enable, start')
    expect(changes()).toEqual([
      'systemctl enable -q --no-pager -- nginx.service',
      'systemctl start -q --no-pager -- nginx.service',
    ])
    expect(await lab.one('service/nginx', UP)).toBe('kept: as it should be')
    expect(changes()).toEqual([])
  })

  it('is stopped, disabled and masked', async () => {
    const { lab, units } = systemdHost({ nginx: { active: 'active', file: 'enabled' } })
    expect(await lab.one('service/nginx', { state: 'stopped', enabled: false, masked: true })).toBe(
      'changed wanted: disable, stop, mask',
    )
    expect(units['nginx']).toMatchObject({ active: 'inactive', load: 'masked' })
    expect(await lab.one('service/nginx', { state: 'stopped', masked: true })).toBe('kept: as it should be')
    expect(await lab.one('service/nginx', UP)).toBe('changed wanted: unmask, enable, start')
  })

  it('is started again after somebody stopped it', async () => {
    const { lab, units } = systemdHost()
    await lab.one('service/nginx', UP)
    units['nginx'] = { active: 'failed', file: 'disabled' }
    expect(await lab.one('service/nginx', UP)).toBe('repaired corrective: enable, start (it had failed)')
  })

  it('restarts or reloads once when it is told, but not right after its start', async () => {
    const { lab, changes } = systemdHost()
    await lab.all([conf('new\n'), resource('p', 'service/nginx', UP)])
    expect(changes().at(-1)).toContain('start -q --no-pager -- nginx')
    expect(await lab.all([conf('newer\n'), resource('p', 'service/nginx', UP)])).toContain(
      'p service/nginx changed wanted: restart',
    )
    expect(changes()).toEqual(['systemctl restart -q --no-pager -- nginx.service'])
    await lab.all([conf('3\n'), resource('p', 'service/nginx', { ...UP, onNotify: 'reload' })])
    expect(changes()).toEqual(['systemctl reload-or-restart -q --no-pager -- nginx.service'])
    await lab.all([conf('4\n'), resource('p', 'service/nginx', { ...UP, onNotify: 'none' })])
    expect(changes()).toEqual([])
    await lab.all([conf('5\n'), resource('p', 'service/nginx', { state: 'stopped' })])
    expect(changes()).toEqual(['systemctl stop -q --no-pager -- nginx.service'])
  })

  it('has its files read again first where they changed', async () => {
    const { lab, changes } = systemdHost({ nginx: { outdated: true } })
    await lab.one('service/nginx', { state: 'running' })
    expect(changes()[0]).toBe('systemctl daemon-reload -q --no-pager')
  })

  it('that is not there, cannot be enabled, or cannot be read, says so', async () => {
    const { lab } = systemdHost({ static: { file: 'static' }, broken: { load: 'bad-setting' } })
    expect(await lab.one('service/none', UP)).toContain(
      'failed wanted E_NOT_FOUND: there is no none.service on this host',
    )
    expect(await lab.one('service/none', { state: 'stopped', enabled: false })).toBe('kept: as it should be')
    expect(await lab.one('service/static', { enabled: true })).toContain(
      'E_UNSUPPORTED: static.service has no [Install]',
    )
    expect(await lab.one('service/static', { state: 'running' })).toBe('changed wanted: start')
    expect(await lab.one('service/broken', UP)).toContain('E_VALUE: systemd cannot read broken.service (bad-setting)')
  })

  it('that dies at once fails with its own last words', async () => {
    const { lab } = systemdHost({ nginx: { dies: true } })
    expect(await lab.one('service/nginx', { state: 'running' })).toBe(
      'failed wanted E_EXIT: nginx.service was started and does not run: bind() to 0.0.0.0:80 failed; exiting',
    )
    expect(await lab.one('service/nginx', { state: 'running' }, { sensitive: true })).not.toContain('bind')
  })

  it('whose state only a command knows', async () => {
    const { lab } = systemdHost({ nginx: { active: 'active' } })
    let code = 1
    lab.answers.set('/bin/alive', () => ({ code }))
    lab.answers.set('systemctl start', () => {
      code = 0
      return ''
    })
    const attrs = { state: 'running', status: ['/bin/alive'] }
    expect(await lab.one('service/nginx', attrs)).toBe('changed wanted: start')
    expect(await lab.one('service/nginx', attrs)).toBe('kept: as it should be')
  })

  it('goes back to what it was with its policy, if the policy says so', async () => {
    const { lab, units } = systemdHost({ nginx: { file: 'enabled' } })
    await lab.one('service/nginx', UP, { onRemove: 'undo' })
    expect(await lab.all([])).toEqual(['p service/nginx changed wanted: no policy has it any more: stop nginx.service'])
    expect(units['nginx']).toMatchObject({ active: 'inactive', file: 'enabled' })
  })
})

describe('the order on a host', () => {
  it('is package, user, unit file, service, also when another of them fails', async () => {
    const { lab } = systemdHost()
    lab.answers.set('/bin/false', { code: 1 })
    const outcomes = await lab.all([
      resource('p', 'service/nginx', UP),
      resource('p', 'package/other', {}),
      resource('p', 'file/unit', { path: '/etc/systemd/system/nginx.service', content: '[Service]\n' }),
    ])
    expect(outcomes[0]).toBe('p service/nginx changed wanted: enable, start')
    expect(outcomes[1]).toContain('E_UNSUPPORTED')
    const failing = await lab.all([resource('p', 'service/nginx', UP), resource('p', 'package/nginx', {})])
    expect(failing).toContain('p service/nginx skipped E_DEPENDENCY: package/nginx, which comes first, failed')
  })

  it('lets a plan say that a service waits for its package', async () => {
    const { lab } = systemdHost({})
    lab
      .lay({ '/usr/bin/apt-get': '', '/var/lib/dpkg/status': '' })
      .answers.set('dpkg-query', 'chorus\tdpkg\tamd64\tii \t1\n')
    const plan = await lab.runs.plan([
      inForce('p', [resource('p', 'service/sshd', UP), resource('p', 'package/openssh-server', {})]),
    ])
    expect(lines(plan.outcomes)[0]).toContain('p service/sshd waiting wanted E_NOT_FOUND: cannot be told before')
  })
})

describe('a service of OpenRC', () => {
  it('is enabled in the default runlevel, and started', async () => {
    let running = false
    const lab = new ToolLab({
      'rc-service nginx status': () => ({
        code: running ? 0 : 3,
        output: ` * status: ${running ? 'started' : 'stopped'}\n`,
      }),
      'rc-update add nginx default': () => {
        lab.lay({ '/etc/runlevels/default/nginx': '' })
        return ' * service nginx added to runlevel default\n'
      },
      'rc-service nginx start': () => {
        running = true
        return ''
      },
    }).lay({ '/sbin/rc-service': '', '/etc/init.d/nginx': '' })
    expect(await lab.one('service/nginx', UP)).toBe('changed wanted: enable, start')
    expect(await lab.one('service/nginx', UP)).toBe('kept: as it should be')
    expect(await lab.one('service/nginx', { masked: true })).toContain('E_UNSUPPORTED: OpenRC cannot mask')
  })
})

it('a name that could be an option is refused', async () => {
  expect(service.bind(resource('p', 'service/x', { unit: '--now' }))).toContain('plain name')
  expect(service.bind(resource('p', 'service/x', { masked: true, state: 'running' }))).toContain('masked')
  expect(await systemdHost().lab.one('service/--now', UP)).toContain('E_VALUE')
  expect(await new ToolLab({}).one('service/nginx', UP)).toContain('E_UNSUPPORTED: this host runs neither')
})
