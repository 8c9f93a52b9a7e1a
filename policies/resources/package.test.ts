import { describe, expect, it } from 'vitest'
import { inForce, lines, resource } from '../testing/converge.ts'
import { ToolLab, type Recorded } from '../testing/tools.ts'
import { packages } from './package.ts'

/** A Debian host: dpkg and apt with what they know, and scripts for what goes wrong. */
function debian(installed: Record<string, string> = {}) {
  const status = new Map(Object.entries({ dpkg: 'ii 1.21.22', ...installed }))
  const available: Record<string, string> = { nginx: '1.24', curl: '8.0', lib: '2' }
  let inode = 0
  /** Answers of apt-get before it works, one each. */
  const trouble: Recorded[] = []
  const lab: ToolLab = new ToolLab({
    'dpkg-query': () =>
      [...status]
        .map(([name, is]) => `chorus\t${name}\tamd64\t${is.slice(0, 3)}\t${is.slice(3)}\n`)
        .join('')
        .concat('dpkg-query: warning: parsing file\n'),
    'apt-cache policy': (argv) =>
      argv
        .slice(2)
        .map((name) => `${name}:\n  Installed: (none)\n  Candidate: ${available[name] ?? '(none)'}\n  Version table:\n`)
        .join(''),
    'apt-get -q update': '',
    'dpkg --force-confdef': '',
    'apt-mark': (argv) => {
      const mark = argv[1] === 'hold' ? 'hi ' : 'ii '
      for (const name of argv.slice(2)) status.set(name, mark + (status.get(name)?.slice(3) ?? ''))
      return touched('')
    },
    'apt-get -q -y': (argv) => {
      const bad = trouble.shift()
      if (bad !== undefined) return bad
      const words = argv.slice(argv.indexOf('install') + 1)
      const unknown = words.find((word) => available[word.replace(/[=-].*$/, '')] === undefined)
      if (unknown !== undefined) return { code: 100, output: `Reading...\nE: Unable to locate package ${unknown}` }
      for (const word of words) {
        const [name = '', version] = word.split('=')
        if (name.endsWith('-')) status.delete(name.slice(0, -1))
        else status.set(name, `ii ${version ?? available[name]}`)
      }
      return touched('')
    },
  }).lay({ '/usr/bin/apt-get': '', '/var/lib/dpkg/status': '', '/var/lib/apt/lists/': '' })
  function touched(output: Recorded): Recorded {
    lab.put('/var/lib/dpkg/status', `${++inode}`)
    return output
  }
  return {
    lab,
    status,
    available,
    trouble,
    touched,
    installs: () => lab.commands.filter((line) => line.startsWith('apt-get -q -y')),
  }
}

describe('a package of Debian', () => {
  it('is installed once, and a second run asks nobody', async () => {
    const { lab, status } = debian()
    expect(await lab.one('package/nginx', {})).toBe('changed wanted: install nginx')
    expect(status.get('nginx')).toBe('ii 1.24')
    expect(lab.commands.at(-2)).toBe(
      'apt-get -q -y -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold -o DPkg::Lock::Timeout=60 install nginx',
    )
    await lab.one('package/nginx', {})
    expect(await lab.one('package/nginx', {})).toBe('kept: as it should be')
    expect(lab.commands).toEqual([])
  })

  it('is one of a transaction with all others of the run', async () => {
    const { lab, installs } = debian()
    const names = ['nginx', 'curl', 'lib']
    await lab.all(names.map((name) => resource('p', `package/${name}`, {})))
    expect(installs()).toEqual([expect.stringMatching(/ install nginx curl lib$/)])
  })

  it('fails alone if its name is wrong', async () => {
    const { lab } = debian()
    expect(await lab.all(['nginx', 'ngnix', 'curl'].map((name) => resource('p', `package/${name}`, {})))).toEqual([
      'p package/nginx changed wanted: install nginx',
      'p package/ngnix failed wanted E_EXIT: apt-get ended with exit code 100: E: Unable to locate package ngnix',
      'p package/curl changed wanted: install curl',
    ])
  })

  it('changes nothing in a plan', async () => {
    const { lab, installs } = debian()
    const plan = await lab.runs.plan([inForce('p', [resource('p', 'package/nginx', {})])])
    expect(lines(plan.outcomes)).toEqual(['p package/nginx changed wanted: install nginx'])
    expect(installs()).toEqual([])
  })

  it('has exactly a version, up or down, and is held there', async () => {
    const { lab, status } = debian({ nginx: 'ii 1.24' })
    const attrs = { version: '1.22', hold: true }
    expect(await lab.one('package/nginx', attrs)).toBe('changed wanted: nginx 1.24 -> 1.22, hold nginx')
    expect(status.get('nginx')).toBe('hi 1.22')
    expect(await lab.one('package/nginx', attrs)).toBe('kept: as it should be')
    expect(await lab.one('package/nginx', { state: 'latest', hold: true })).toBe('changed wanted: nginx 1.22 -> 1.24')
    expect(lab.commands.join()).toContain('--allow-change-held-packages')
    expect(status.get('nginx')).toBe('hi 1.24')
    expect(await lab.one('package/nginx', { hold: false })).toBe('changed wanted: release nginx')
  })

  it('is removed, with its configuration files on request', async () => {
    const { lab, status } = debian({ nginx: 'ii 1.24', curl: 'rc 8.0' })
    expect(await lab.one('package/nginx', { state: 'absent' })).toBe('changed wanted: remove nginx 1.24')
    expect(status.has('nginx')).toBe(false)
    expect(await lab.one('package/curl', { state: 'absent' })).toBe('kept: as it should be')
    expect(await lab.one('package/curl', { state: 'absent', purge: true })).toBe(
      'changed wanted: remove the configuration of curl',
    )
    expect(lab.commands.join()).toContain('--purge')
  })

  it('is finished where it was left half-way', async () => {
    const { lab } = debian({ nginx: 'iF 1.24' })
    expect(await lab.one('package/nginx', {})).toBe('changed wanted: finish installing nginx')
  })

  it('comes back when somebody removes it', async () => {
    const { lab, status, touched } = debian()
    await lab.one('package/nginx', {})
    status.delete('nginx')
    touched('')
    expect(await lab.one('package/nginx', {})).toBe('repaired corrective: install nginx')
  })

  it('goes again with its policy only if Chorus installed it', async () => {
    const { lab, status } = debian({ curl: 'ii 8.0' })
    await lab.all([
      resource('p', 'package/nginx', {}, { onRemove: 'undo' }),
      resource('p', 'package/curl', {}, { onRemove: 'undo' }),
    ])
    expect((await lab.all([])).sort()).toEqual([
      'p package/curl kept: no policy has it any more: left as it is',
      'p package/nginx changed wanted: no policy has it any more: remove nginx 1.24',
    ])
    expect([...status.keys()]).toEqual(['dpkg', 'curl'])
  })
})

describe('what is in the way of apt', () => {
  const LOCKED = {
    code: 100,
    output: 'E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 7 (apt)',
  }

  it('a lock: it is waited for', async () => {
    const { lab, trouble } = debian()
    trouble.push(LOCKED, LOCKED)
    expect(await lab.one('package/nginx', {})).toBe('changed wanted: install nginx')
    expect(lab.host.slept).toEqual([2000, 2000])
  })

  it('a lock that nobody lets go of: it is named in the end', async () => {
    const { lab } = debian()
    lab.answers.set('apt-get -q -y', () => {
      lab.ms += 100_000
      return LOCKED
    })
    expect(await lab.one('package/nginx', {})).toBe(
      'failed wanted E_IN_USE: apt-get waits for another one to end: E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 7 (apt)',
    )
  })

  it('an interrupted dpkg: it is repaired, and only then', async () => {
    const { lab, trouble } = debian()
    trouble.push({ code: 100, output: 'E: dpkg was interrupted, you must manually run dpkg --configure -a' })
    expect(await lab.one('package/nginx', {})).toBe('changed wanted: install nginx')
    expect(lab.commands).toContain('dpkg --force-confdef --force-confold --configure -a')
    await lab.one('package/curl', {})
    expect(lab.commands.join()).not.toContain('--configure')
  })

  it('an index that is old: it is fetched first, or as soon as a package is not found', async () => {
    const { lab, available } = debian()
    lab.ms += 25 * 3_600_000
    await lab.one('package/nginx', {})
    expect(lab.commands.filter((line) => line.includes('update'))).toEqual(['apt-get -q update'])
    const fresh = debian()
    delete fresh.available['nginx']
    fresh.lab.answers.set('apt-get -q update', () => {
      fresh.available['nginx'] = '1.26'
      return ''
    })
    expect(await fresh.lab.one('package/nginx', {})).toBe('changed wanted: install nginx')
    expect(available['nginx']).toBe('1.24')
  })

  it('an index that is old, for what is to be the latest: it is fetched once, and never for a plan', async () => {
    const { lab, available, status } = debian({ nginx: 'ii 1.24', curl: 'ii 8.0' })
    lab.answers.set('apt-get -q update', () => {
      available['nginx'] = '1.26'
      return ''
    })
    lab.ms += 25 * 3_600_000
    const wishes = ['nginx', 'curl'].map((name) => resource('p', `package/${name}`, { state: 'latest' }))
    await lab.runs.plan([inForce('p', wishes)])
    expect(lab.commands).not.toContain('apt-get -q update')
    expect((await lab.all(wishes))[0]).toBe('p package/nginx changed wanted: nginx 1.24 -> 1.26')
    expect(lab.commands.filter((line) => line.includes('update'))).toEqual(['apt-get -q update'])
    expect(status.get('nginx')).toBe('ii 1.26')
  })

  it('a broken package beside it: it is installed all the same', async () => {
    const { lab, trouble, status, touched } = debian()
    trouble.push(() => {
      status.set('nginx', 'ii 1.24')
      return touched({ code: 100, output: 'E: Sub-process /usr/bin/dpkg returned an error code (1)' })
    })
    expect(await lab.one('package/nginx', {})).toBe('changed wanted: install nginx')
  })

  it('no package manager that is known', async () => {
    expect(await new ToolLab({}).one('package/nginx', {})).toContain(
      'failed wanted E_UNSUPPORTED: this host has none of',
    )
  })
})

/**
 * dnf and pacman also stand in `transcripts.test.ts`, as they were recorded. apk is not to be had for Debian: these texts are
 * written after its source (apk-tools 2.14).
 */
describe('other package managers', () => {
  it('dnf', async () => {
    let installed = 'package nginx is not installed\n'
    const lab = new ToolLab({
      'rpm -q --qf': () => ({ code: installed.startsWith('package') ? 1 : 0, output: installed }),
      'dnf -q makecache --refresh': '',
      'dnf -y --setopt=install_weak_deps=False install nginx': () => {
        installed = 'chorus\tnginx\tx86_64\t2:1.26.3-1.fc41\n'
        return 'Complete!\n'
      },
      'dnf -q repoquery': 'nginx\t2:1.28.0-1.fc41\n\n',
      'dnf -y install nginx-2:1.28.0-1.fc41': 'Nothing to do.\n',
    }).lay({ '/usr/bin/dnf': '' })
    expect(await lab.one('package/nginx', { recommends: false })).toBe('changed wanted: install nginx')
    expect(lab.commands).toContain('dnf -y --setopt=install_weak_deps=False install nginx')
    for (const version of ['1.26.3', '1.26.3-1.fc41', '2:1.26.3-1.fc41'])
      expect(await lab.one('package/nginx', { version })).toBe('kept: as it should be')
    expect(await lab.one('package/nginx', { state: 'latest' })).toContain(
      'left to do is: nginx 2:1.26.3-1.fc41 -> 2:1.28.0-1.fc41',
    )
    expect(lab.commands).toContain('dnf -y install nginx-2:1.28.0-1.fc41')
    expect(await lab.one('package/nginx', { hold: true })).toContain('E_UNSUPPORTED: dnf cannot hold packages')
  })

  it('apk', async () => {
    const before = 'C:Q1x=\nP:musl\nV:1.2.5-r0\nA:x86_64\n\n'
    const lab = new ToolLab({
      'apk update -q': '',
      'apk add -q --upgrade nginx': () => {
        lab.put('/lib/apk/db/installed', `${before}P:nginx\nV:1.26.2-r0\n\n`)
        return ''
      },
      'apk version -l <':
        'Installed:                                Available:\nnginx-1.26.2-r0                         < 1.26.3-r0 \n',
      'apk add -q --upgrade nginx=1.26.3-r0': {
        code: 1,
        output: 'ERROR: unable to select packages:\n  nginx-1.26.2-r0:\n    breaks: world[nginx=1.26.3-r0]\n',
      },
      'apk del -q nginx': () => {
        lab.put('/lib/apk/db/installed', before)
        return ''
      },
    }).lay({ '/sbin/apk': '', '/lib/apk/db/installed': before })
    expect(await lab.one('package/nginx', {})).toBe('changed wanted: install nginx')
    expect(await lab.one('package/nginx', {})).toBe('kept: as it should be')
    expect(await lab.one('package/nginx', { state: 'latest' })).toContain(
      'E_EXIT: apk ended with exit code 1: ERROR: unable to select',
    )
    expect(await lab.one('package/nginx', { state: 'absent' })).toBe('changed wanted: remove nginx 1.26.2-r0')
    lab.answers.set('apk add -q --upgrade nginx', {
      code: 99,
      output: 'ERROR: Unable to lock database: Read-only file system\n',
    })
    expect(await lab.one('package/nginx', {})).toContain('E_EXIT: apk ended with exit code 99: ERROR: Unable to lock')
    expect(lab.host.slept).toEqual([])
  })

  it('pacman', async () => {
    let installed = 'glibc 2.40-1\n'
    const lab = new ToolLab({
      'pacman -Q --color never': () => installed,
      'pacman -Sy': '',
      'pacman -S --noconfirm --needed -- nginx': () => {
        installed += 'nginx 1.26.3-1\n'
        lab.host.mkdir('/var/lib/pacman/local/nginx-1.26.3-1', { mode: 0o755, uid: 0, gid: 0 })
        lab.host.chmod('/var/lib/pacman/local', 0o755)
        return ''
      },
      'pacman -Sp': 'nginx\t1.26.3-1\n',
    }).lay({ '/usr/bin/pacman': '', '/var/lib/pacman/local/': '' })
    expect(await lab.one('package/nginx', {})).toBe('changed wanted: install nginx')
    expect(await lab.one('package/nginx', { state: 'latest' })).toBe('kept: as it should be')
    expect(await lab.one('package/nginx', { version: '1.26.3' })).toBe('kept: as it should be')
  })
})

describe('a name', () => {
  it('that could be an option, and contradictions, are refused', () => {
    const problem = (attrs: Parameters<typeof resource>[2]) => packages.bind(resource('p', 'package/x', attrs))
    expect(problem({ names: ['-oDir=/x'] })).toContain('must be a plain name')
    expect(problem({ version: '-1' })).toContain('version')
    expect(problem({ version: '1', state: 'latest' })).toContain('exclude each other')
    expect(problem({ names: ['a', 'b'], version: '1' })).toContain('one name')
    expect(problem({ purge: true })).toContain('purge needs state: absent')
  })

  it('of the resource itself is looked at too', async () => {
    expect(await debian().lab.one('package/--purge', {})).toContain(
      "E_VALUE: '--purge' cannot be the name of a package",
    )
  })
})
