import { describe, expect, it } from 'vitest'
import { resource } from '../testing/converge.ts'
import { ToolLab } from '../testing/tools.ts'
import { repository } from './repository.ts'

const KEY = '-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nmDME\n-----END PGP PUBLIC KEY BLOCK-----\n'
const ATTRS = { uri: 'https://deb.example.org/app', suite: 'bookworm', components: ['main', 'extra'], key: KEY }
const LIST = '/etc/apt/sources.list.d/app.sources'

function debian(update: { code?: number; output?: string } = {}) {
  return new ToolLab({ 'apt-get -q update': () => update }).lay({ '/usr/bin/apt-get': '', '/etc/apt/': '' })
}

describe('a repository of apt', () => {
  it('is a deb822 file with its key, tested alone, once', async () => {
    const lab = debian()
    expect(await lab.one('repository/app', ATTRS)).toBe(
      'changed wanted: /etc/apt/keyrings/app.asc: new file, 78 bytes, /etc/apt/sources.list.d/app.sources: new file, 143 bytes',
    )
    expect(lab.text(LIST)).toBe(
      '# Managed by Chorus.\nTypes: deb\nURIs: https://deb.example.org/app\nSuites: bookworm\nComponents: main extra\nSigned-By: /etc/apt/keyrings/app.asc\n',
    )
    expect(lab.text('/etc/apt/keyrings/app.asc')).toBe(KEY)
    expect(lab.commands).toEqual([expect.stringContaining(`Dir::Etc::sourcelist=${LIST} `)])
    expect(await lab.one('repository/app', ATTRS)).toBe('kept: as it should be')
    expect(lab.commands).toEqual([])
  })

  it('that cannot be had, or is signed by another, is taken out again and tried at the next run', async () => {
    const update = {
      code: 100,
      output: 'Get:1 ...\nW: GPG error: https://deb.example.org/app: NO_PUBKEY 1234\nE: not signed.',
    }
    const lab = debian(update)
    expect(await lab.one('repository/app', ATTRS)).toBe(
      'failed wanted E_EXIT: apt-get ended with exit code 100: W: GPG error: https://deb.example.org/app: NO_PUBKEY 1234; E: not signed.',
    )
    expect(lab.text(LIST)).toBeUndefined()
    Object.assign(update, { code: 0, output: '' })
    expect(await lab.one('repository/app', ATTRS)).toContain('changed')
    Object.assign(update, { code: 100, output: 'E: Failed to fetch' })
    expect(await lab.one('repository/app', { ...ATTRS, suite: 'trixie' })).toContain('failed')
    expect(lab.text(LIST)).toContain('Suites: bookworm')
  })

  it('is known and not used, absent, and gone with its policy', async () => {
    const lab = debian()
    await lab.one('repository/app', { ...ATTRS, enabled: false })
    expect(lab.text(LIST)).toContain('Enabled: no')
    expect(lab.commands).toEqual([])
    await lab.one('repository/app', ATTRS, { onRemove: 'undo' })
    await lab.all([])
    expect(lab.text(LIST)).toBeUndefined()
    lab.lay({ [LIST]: 'old' })
    expect(await lab.one('repository/app', { state: 'absent' })).toContain('changed')
    expect(lab.text(LIST)).toBeUndefined()
  })

  it('comes before packages, and drift in it is repaired', async () => {
    const lab = debian()
    lab.answers.set('dpkg-query', 'chorus\tdpkg\tamd64\tii \t1\n')
    lab.answers.set('apt-get -q -y', '')
    await lab.all([resource('p', 'package/x', {}), resource('p', 'repository/app', ATTRS)])
    const order = lab.commands.filter((line) => line.startsWith('apt-get')).map((line) => line.split(' ')[2])
    expect(order.slice(0, 2)).toEqual(['update', 'update'])
    lab.put(LIST, 'changed by hand\n')
    expect((await lab.all([resource('p', 'repository/app', ATTRS)])).at(-1)).toMatch(
      /repaired corrective: .*new content/,
    )
  })
})

it('a repository of dnf is a file with its key', async () => {
  const lab = new ToolLab({ 'dnf -q -y makecache --repo app': '' }).lay({ '/usr/bin/dnf': '', '/etc/yum.repos.d/': '' })
  await lab.one('repository/app', { uri: 'https://rpm.example.org/app', key: KEY })
  expect(lab.text('/etc/yum.repos.d/app.repo')).toBe(
    '# Managed by Chorus.\n[app]\nname=app\nbaseurl=https://rpm.example.org/app\nenabled=1\ngpgcheck=1\ngpgkey=file:///etc/pki/rpm-gpg/app\n',
  )
})

it('a key is needed, and one word is one word', async () => {
  const problem = (attrs: Parameters<typeof resource>[2]) => repository.bind(resource('p', 'repository/x', attrs))
  expect(problem({ uri: 'https://x/' })).toContain('needs the key that signs it')
  expect(problem({ key: KEY })).toContain('needs its uri')
  expect(problem({ ...ATTRS, unsigned: true })).toContain('exclude each other')
  expect(problem({ ...ATTRS, suite: 'a\nTrusted: yes' })).toContain('one word')
  expect(problem({ ...ATTRS, uri: 'javascript:1' })).toContain('URI')
  expect(await debian().one('repository/../x', ATTRS)).toContain('E_VALUE')
})
