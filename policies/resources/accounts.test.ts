import { describe, expect, it } from 'vitest'
import { inForce, resource } from '../testing/converge.ts'
import { ToolLab, type Recorded } from '../testing/tools.ts'
import { daysSince1970 } from './account-files.ts'
import { user } from './user.ts'

const HASH = '$y$j9T$saltsalt$Dv5DJ2bFLtDwGsK3pVQ9o0'
const KEY1 = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl'
const KEY2 = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIB7nCTQ5UfNgl4gxWkyX2zzv9MObvYQGhLxBd2PgOBcx'

/** A host with the files of the accounts, and tools that change them as those of shadow do. */
function shadowHost() {
  const users = new Map([['root', 'root:x:0:0:root:/root:/bin/bash']])
  const groups = new Map([
    ['root', 'root:x:0:'],
    ['adm', 'adm:x:4:'],
    ['docker', 'docker:x:990:'],
  ])
  const shadow = new Map([['root', 'root:*:20000:0:99999:7:::']])
  const write = (): Recorded => {
    for (const [path, table] of Object.entries({ passwd: users, group: groups, shadow }))
      lab.put(`/etc/${path}`, [...table.values(), ''].join('\n'))
    return ''
  }
  const option = (argv: readonly string[], name: string) =>
    argv.includes(name) ? argv[argv.indexOf(name) + 1] : undefined
  const members = (group: string, change: (list: string[]) => string[]) => {
    const [name, x, gid, list = ''] = (groups.get(group) ?? '').split(':')
    groups.set(group, [name, x, gid, change(list.split(',').filter(Boolean)).join()].join(':'))
  }
  const join = (name: string, list: string | undefined) => {
    for (const group of list?.split(',').filter(Boolean) ?? []) members(group, (all) => [...all, name])
  }
  const lab: ToolLab = new ToolLab(
    {
      useradd: (argv) => {
        const name = argv.at(-1) ?? ''
        const uid = option(argv, '-u') ?? String(1000 + users.size - 1)
        if (option(argv, '-g') === undefined) groups.set(name, `${name}:x:${uid}:`)
        const home = option(argv, '-d') ?? `/home/${name}`
        users.set(
          name,
          `${name}:x:${uid}:${uid}:${option(argv, '-c') ?? ''}:${home}:${option(argv, '-s') ?? '/bin/sh'}`,
        )
        shadow.set(name, `${name}:!:20000:0:99999:7:::`)
        if (argv.includes('-m')) lab.host.mkdir(home, { mode: 0o755, uid: Number(uid), gid: Number(uid) })
        join(name, option(argv, '-G'))
        return write()
      },
      usermod: (argv) => {
        const name = argv.at(-1) ?? ''
        const fields = (users.get(name) ?? '').split(':')
        for (const [flag, i] of [
          ['-u', 2],
          ['-c', 4],
          ['-d', 5],
          ['-s', 6],
        ] as const) {
          const value = option(argv, flag)
          if (value !== undefined) fields[i] = value
        }
        users.set(name, fields.join(':'))
        const secret = (shadow.get(name) ?? '').split(':')
        if (argv.includes('-L')) secret[1] = `!${secret[1]}`
        if (argv.includes('-U')) secret[1] = secret[1]?.slice(1) ?? ''
        if (argv.includes('-e'))
          secret[7] = option(argv, '-e') === '' ? '' : String(daysSince1970(option(argv, '-e') ?? ''))
        shadow.set(name, secret.join(':'))
        if (argv.includes('-G')) {
          if (!argv.includes('-a'))
            for (const group of groups.keys()) members(group, (all) => all.filter((one) => one !== name))
          join(name, option(argv, '-G'))
        }
        return write()
      },
      'chpasswd -e': (_argv, { stdin }) => {
        const [name = '', hash = ''] = new TextDecoder().decode(stdin).trim().split(':')
        shadow.set(name, `${name}:${hash}:20000:0:99999:7:::`)
        return write()
      },
      userdel: (argv) => {
        const name = argv.at(-1) ?? ''
        if (name === 'busy') return { code: 8, output: 'userdel: user busy is currently used by process 405' }
        for (const table of [users, groups, shadow]) table.delete(name)
        return write()
      },
      groupadd: (argv) => {
        groups.set(argv.at(-1) ?? '', `${argv.at(-1)}:x:${option(argv, '-g') ?? 1500}:`)
        return write()
      },
      groupdel: (argv) => {
        groups.delete(argv.at(-1) ?? '')
        return write()
      },
      'gpasswd -a': (argv) => {
        members(argv[3] ?? '', (all) => [...all, argv[2] ?? ''])
        return write()
      },
      'gpasswd -M': (argv) => {
        members(argv[3] ?? '', () => (argv[2] ?? '').split(',').filter(Boolean))
        return write()
      },
    },
    { users: { root: 0, ldap: 5000 } },
  ).lay({ '/home/': '' })
  write()
  return { lab, users, groups, shadow, write, tools: () => lab.commands }
}

describe('a user', () => {
  it('is made once, with everything', async () => {
    const { lab, tools } = shadowHost()
    const attrs = {
      uid: 1234,
      groups: ['adm'],
      shell: '/bin/bash',
      comment: 'Alice',
      password: HASH,
      expires: '2027-12-31',
    }
    expect(await lab.one('user/alice', attrs)).toBe('changed wanted: new user, new password')
    expect(tools()).toEqual(['useradd -u 1234 -G adm -m -s /bin/bash -c Alice -e 2027-12-31 alice', 'chpasswd -e'])
    lab.put('/etc/shadow', `alice:${HASH}:20000:0:99999:7::${daysSince1970('2027-12-31')}:`)
    expect(await lab.one('user/alice', attrs)).toBe('kept: as it should be')
    expect(tools()).toEqual([])
  })

  it('is changed in what differs, and in nothing else', async () => {
    const { lab, tools } = shadowHost()
    await lab.one('user/alice', { groups: ['docker'] })
    expect(await lab.one('user/alice', { shell: '/bin/zsh', groups: ['adm'] })).toBe(
      'changed wanted: shell /bin/sh -> /bin/zsh, group adm',
    )
    expect(tools()).toEqual(['usermod -s /bin/zsh -a -G adm alice'])
    expect(await lab.one('user/alice', { groups: ['adm'], exclusive: true })).toBe('changed wanted: not group docker')
    expect(await lab.one('user/alice', { groups: ['adm'], exclusive: true })).toBe('kept: as it should be')
    expect(await lab.one('user/alice', { groups: [], exclusive: true })).toBe('changed wanted: not group adm')
  })

  it('is locked and unlocked, and keeps its password', async () => {
    const { lab, shadow } = shadowHost()
    await lab.one('user/alice', { password: HASH })
    expect(await lab.one('user/alice', { password: HASH, locked: true })).toBe('changed wanted: lock')
    expect(shadow.get('alice')).toContain(`:!${HASH}:`)
    expect(await lab.one('user/alice', { password: HASH })).toBe('kept: as it should be')
    expect(await lab.one('user/alice', { password: HASH, locked: true })).toBe('kept: as it should be')
    expect(await lab.one('user/alice', { password: HASH, locked: false })).toBe('changed wanted: unlock')
    expect(await lab.one('user/alice', { expires: '2030-01-01' })).toBe('changed wanted: expires 2030-01-01')
    expect(await lab.one('user/alice', { expires: 'never' })).toBe('changed wanted: no expiry')
  })

  it('never has its hash in a command or a report', async () => {
    const { lab, tools } = shadowHost()
    expect(await lab.one('user/alice', { password: HASH })).not.toContain('salt')
    expect(tools().join()).not.toContain('salt')
    expect(user.bind(resource('p', 'user/a', { password: 'secret' }))).toContain('never the password itself')
  })

  it('is taken back by default, but only if Chorus made it', async () => {
    const { lab, users } = shadowHost()
    const common = { onRemove: user.onRemove ?? 'leave' } as const
    await lab.all([resource('p', 'user/alice', {}, common), resource('p', 'user/root', { shell: '/bin/zsh' }, common)])
    expect((await lab.all([])).sort()).toEqual([
      'p user/alice changed wanted: no policy has it any more: remove user alice',
      'p user/root kept: no policy has it any more: left as it is',
    ])
    expect([...users.keys()]).toEqual(['root'])
  })

  it('in use stays, and says who uses it', async () => {
    const { lab, users, write } = shadowHost()
    users.set('busy', 'busy:x:1001:1001::/home/busy:/bin/sh')
    users.set('idle', 'idle:x:1002:1002::/home/idle:/bin/sh')
    write()
    expect(await lab.one('user/busy', { state: 'absent' })).toBe(
      'failed wanted E_IN_USE: busy has running processes and is removed when they have ended: userdel: user busy is currently used by process 405',
    )
    const purge = { purge: { from: 1000, to: 59_999 } }
    expect(await lab.one('user/others', purge)).toContain('failed wanted E_EXIT: busy has running')
    expect([...users.keys()]).toEqual(['root', 'busy'])
  })

  it('comes after its groups, and others after it', async () => {
    const { lab, tools } = shadowHost()
    await lab.all([
      resource('p', 'ssh_keys/alice', { keys: [KEY1] }),
      resource('p', 'user/alice', { group: 'web', groups: ['ops'] }),
      resource('p', 'group/ops', {}),
      resource('p', 'group/web', { gid: 2000 }),
    ])
    expect(tools()).toEqual(['groupadd ops', 'groupadd -g 2000 web', 'useradd -g web -G ops -m alice'])
    expect(lab.text('/home/alice/.ssh/authorized_keys')).toBe(`${KEY1}\n`)
  })

  it('of a directory is left to the directory; names that are options are refused', async () => {
    const { lab } = shadowHost()
    expect(await lab.one('user/ldap', {})).toContain('E_UNSUPPORTED: ldap is not a user of this host itself')
    expect(await lab.one('user/-r', {})).toContain('E_VALUE')
    expect(user.bind(resource('p', 'user/a', { groups: ['-G'] }))).toContain('groups')
  })
})

describe('a purge', () => {
  it('spares users of any policy, also of one that could not be resolved this time', async () => {
    const { lab, users, write } = shadowHost()
    for (const [i, name] of ['alice', 'bob', 'carol', 'dave'].entries())
      users.set(name, `${name}:x:${1001 + i}:1001::/home/${name}:/bin/sh`)
    write()
    const purge = inForce('p', [resource('p', 'user/others', { purge: { from: 1000, to: 59_999, except: ['dave'] } })])
    const alice = inForce('q', [resource('q', 'user/alice', {})])
    const bob = inForce('r', [resource('r', 'user/bob', {})])
    await lab.runs.run([alice, bob])
    await lab.runs.run([purge, alice], { unresolved: ['r'] })
    expect([...users.keys()]).toEqual(['root', 'alice', 'bob', 'dave'])
  })
})

it('Nothing is purged as long as something that is wanted here is not known', async () => {
  const { lab, users, write } = shadowHost()
  users.set('alice', 'alice:x:1001:1001::/home/alice:/bin/sh')
  write()
  lab.lay({ '/etc/app.d/theirs': '' })
  const purge = inForce('p', [resource('p', 'user/others', { purge: { from: 1000, to: 59_999 } })])
  const broken = inForce('q', [resource('q', 'user/alice', { uid: 'many' })])
  const secret = {
    ...inForce('q', []),
    waiting: [
      { policy: 'q', key: 'user/alice', type: 'user', name: 'alice', reason: 'a secret', code: 'E_SECRET' as const },
    ],
  }
  const cases = [
    lab.runs.run([purge, broken]),
    lab.runs.run([purge], { incomplete: true }),
    lab.runs.run([purge, secret]),
  ]
  for (const run of cases) {
    const { outcomes } = await run
    const said = outcomes.find(({ key }) => key === 'user/others')
    expect(said).toMatchObject({ state: 'waiting', code: 'E_INCOMPLETE' })
    expect([...users.keys()]).toEqual(['root', 'alice'])
  }
  await lab.runs.run([purge])
  expect([...users.keys()]).toEqual(['root'])
})

describe('a group', () => {
  it('has its members, alone if they are exclusive', async () => {
    const { lab, groups } = shadowHost()
    expect(await lab.one('group/docker', { members: ['root'] })).toBe('changed wanted: member root')
    expect(await lab.one('group/docker', { members: [] })).toBe('kept: as it should be')
    expect(await lab.one('group/docker', { members: [], exclusive: true })).toBe('changed wanted: members none')
    expect(groups.get('docker')).toBe('docker:x:990:')
    expect(await lab.one('group/new', { gid: 700 }, { onRemove: 'undo' })).toBe('changed wanted: new group')
    expect(await lab.all([])).toContain('p group/new changed wanted: no policy has it any more: remove group new')
  })
})

describe('ssh_keys', () => {
  const home = async () => {
    const made = shadowHost()
    await made.lab.one('user/alice', {})
    return { ...made, file: () => made.lab.text('/home/alice/.ssh/authorized_keys') }
  }

  it('are added in a folder that belongs to the user alone', async () => {
    const { lab, file } = await home()
    expect(await lab.one('ssh_keys/alice', { keys: [`${KEY1} alice@laptop`] })).toContain('changed wanted: new file')
    expect(file()).toBe(`${KEY1} alice@laptop\n`)
    expect(lab.host.lstat('/home/alice/.ssh')).toMatchObject({ mode: 0o700, uid: 1000 })
    expect(lab.host.lstat('/home/alice/.ssh/authorized_keys')).toMatchObject({ mode: 0o600, uid: 1000 })
    expect(await lab.one('ssh_keys/alice', { keys: [`${KEY1} alice@laptop`] })).toBe('kept: as it should be')
  })

  it('leave those of others alone unless they are exclusive, and take their own back', async () => {
    const { lab, file } = await home()
    lab.lay({ '/home/alice/.ssh/authorized_keys': `# by hand\nrestrict ${KEY2} mine\n` })
    await lab.one('ssh_keys/alice', { keys: [KEY1, KEY2] })
    expect(file()).toBe(`# by hand\n${KEY2}\n${KEY1}\n`)
    await lab.one('ssh_keys/alice', { keys: [KEY2] })
    expect(file()).toBe(`# by hand\n${KEY2}\n`)
    await lab.one('ssh_keys/alice', { keys: [KEY1], exclusive: true }, { onRemove: 'undo' })
    expect(file()).toBe(`${KEY1}\n`)
    expect(await lab.all([])).toContain(
      'p ssh_keys/alice changed wanted: no policy has it any more: remove 1 key from /home/alice/.ssh/authorized_keys',
    )
    expect(file()).toBe('')
  })

  it('behind a link, or in a file that is not UTF-8, are not lost', async () => {
    const { lab, file } = await home()
    lab.lay({ '/home/alice/keys': `${KEY2}\n`, '/home/alice/.ssh/x': '' })
    lab.host.symlink('/home/alice/.ssh/authorized_keys', '/home/alice/keys')
    expect(await lab.one('ssh_keys/alice', { keys: [KEY1] })).toContain('E_IN_THE_WAY')
    expect(lab.text('/home/alice/keys')).toBe(`${KEY2}\n`)
    expect(await lab.one('ssh_keys/alice', { keys: [KEY1], exclusive: true })).toContain('a file in place of a link')
    expect(file()).toBe(`${KEY1}\n`)
    const latin = Uint8Array.from([...new TextEncoder().encode(`${KEY2} M`), 0xfc, 0x0a])
    const staged = lab.host.stage('/home/alice/.ssh/authorized_keys', { mode: 0o600, uid: 1000, gid: 1000 })
    staged.write(latin)
    await staged.commit()
    await lab.one('ssh_keys/alice', { keys: [`${KEY1} é`] })
    const is = lab.host.readFile('/home/alice/.ssh/authorized_keys', 10_000)
    expect([...is]).toEqual([...latin, ...new TextEncoder().encode(`${KEY1} é\n`)])
    expect(await lab.one('ssh_keys/alice', { keys: [`${KEY1} é`] })).toBe('kept: as it should be')
  })

  it('that are none, or of nobody, are refused', async () => {
    const { lab } = await home()
    expect(await lab.one('ssh_keys/alice', { keys: ['hello'] })).toContain('E_VALUE: key 1 of alice is no public key')
    expect(await lab.one('ssh_keys/bob', { keys: [KEY1] })).toContain("E_ACCOUNT: there is no user 'bob'")
  })
})

it('days are those of the calendar', () => {
  for (const date of ['1970-01-01', '2000-02-29', '2024-12-31', '2027-03-01', '2100-03-01'])
    expect(daysSince1970(date)).toBe(Date.parse(`${date}T00:00:00Z`) / 86_400_000)
})
