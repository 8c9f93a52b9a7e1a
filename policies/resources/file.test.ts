import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { ConvergeRequest } from '../converge/types.ts'
import { contentOf } from '../testing/contents.ts'
import { inForce, lines, resource, Runs } from '../testing/converge.ts'
import { MemoryHost, type MemoryHostOptions } from '../testing/memory-host.ts'
import { file } from './file.ts'

const sha256 = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest()
const large = new Uint8Array(600_000).fill(7)
const content = contentOf(
  {
    'motd.txt': 'from the bundle\n',
    'big.bin': large,
    'run.sh': '#!/bin/sh\n',
    'site/a': 'a',
    'site/sub/b.sh': 'b',
    empty: '',
  },
  sha256,
)

function setup(options: Partial<MemoryHostOptions> = {}) {
  const host = new MemoryHost({
    sha256,
    now: () => 1_800_000_000_000,
    users: { root: 0, www: 33 },
    groups: { root: 0, www: 33 },
    ...options,
  })
  for (const path of ['/etc', '/srv']) host.mkdir(path, { mode: 0o755, uid: 0, gid: 0 })
  const runs = new Runs(host, { content })
  const put = (path: string, text: string, mode = 0o644): void =>
    host.tree.put(path, { kind: 'file', mode, uid: 0, gid: 0, bytes: new TextEncoder().encode(text), target: '' })
  const text = (path: string): string => new TextDecoder().decode(host.tree.things.get(path)?.bytes)
  /** Converges to one file resource and gives what is said of it, then checks that a second run finds nothing to do. */
  const converge = async (
    attrs: Parameters<typeof resource>[2],
    rest: Partial<ConvergeRequest> = {},
  ): Promise<string> => {
    const policies = [inForce('p', [resource('p', 'file/x', attrs)])]
    const { outcomes } = await runs.run(policies, rest)
    const { writes } = host.tree
    const again = await runs.run(policies, rest)
    expect([again.changed, host.tree.writes]).toEqual([false, writes])
    return lines(outcomes)[0]?.replace('p file/x ', '') ?? ''
  }
  return { host, runs, put, text, converge }
}

describe('the content of a file', () => {
  it('comes from the policy, a template, or the bundle', async () => {
    const { converge, text, host } = setup()
    expect(await converge({ path: '/etc/a', content: 'text\n' })).toBe('changed wanted: new file, 5 bytes')
    expect(await converge({ path: '/etc/a', content: new TextEncoder().encode('bytes\n') })).toBe(
      'changed wanted: new content',
    )
    expect(await converge({ path: '/etc/b', source: 'motd.txt' })).toBe('changed wanted: new file, 16 bytes')
    expect(await converge({ path: '/etc/run', source: 'run.sh' })).toBe('changed wanted: new file, 10 bytes')
    expect(await converge({ path: '/etc/e', source: 'empty' })).toBe('changed wanted: new file, 0 bytes')
    expect([text('/etc/a'), text('/etc/b'), host.lstat('/etc/run')?.mode]).toEqual([
      'bytes\n',
      'from the bundle\n',
      0o755,
    ])
  })

  it('of a large file is compared chunk by chunk', async () => {
    const { converge, host } = setup()
    expect(await converge({ path: '/srv/big', source: 'big.bin' })).toBe('changed wanted: new file, 600000 bytes')
    const damaged = Uint8Array.from(large)
    damaged[500_000] = 8
    host.tree.put('/srv/big', { kind: 'file', mode: 0o644, uid: 0, gid: 0, bytes: damaged, target: '' })
    expect(await converge({ path: '/srv/big', source: 'big.bin' })).toBe('repaired corrective: new content')
    expect(host.readFile('/srv/big', 600_000)).toEqual(large)
  })

  it('that the bundle does not hold is a failure with a code', async () => {
    const { converge } = setup()
    expect(await converge({ path: '/etc/a', source: 'missing' })).toBe(
      "failed wanted E_CONTENT: the bundle has no file 'missing'",
    )
    expect(await converge({ path: '/etc/a', source: 'missing', directory: true })).toBe(
      "failed wanted E_CONTENT: the bundle has no folder 'missing'",
    )
  })

  it('is validated before it is put in place', async () => {
    const seen: string[] = []
    const { converge, put, text } = setup({
      exec: (argv) => {
        seen.push(argv.join(' '))
        return { code: 1, output: 'parse error\n' }
      },
    })
    put('/etc/a', 'good')
    const attrs = { path: '/etc/a', content: 'bad', validate: ['visudo', '-cf', '{file}'] }
    expect(await converge(attrs)).toBe(
      'failed wanted E_VALIDATE: visudo refused the new content of /etc/a: parse error',
    )
    expect([text('/etc/a'), seen[0]]).toEqual(['good', 'visudo -cf /etc/a.staged'])
  })

  it('that does not fit on the disk leaves the old one', async () => {
    const { converge, put, text } = setup({ capacity: 100 })
    put('/etc/a', 'old')
    expect(await converge({ path: '/etc/a', content: 'x'.repeat(200) })).toContain('failed wanted E_NO_SPACE')
    expect(text('/etc/a')).toBe('old')
  })
})

describe('mode and owner', () => {
  it('stay as they are where the policy says nothing, and are set where it does', async () => {
    const { converge, put, host } = setup()
    put('/etc/a', 'x', 0o600)
    expect(await converge({ path: '/etc/a', content: 'y' })).toBe('changed wanted: new content')
    expect(host.lstat('/etc/a')?.mode).toBe(0o600)
    expect(await converge({ path: '/etc/a', content: 'y', mode: '0644', owner: 'www', group: '33' })).toBe(
      'changed wanted: mode 0600 -> 0644, owner root -> www, group root -> 33',
    )
    expect(await converge({ path: '/etc/a', mode: '4755' })).toBe('changed wanted: mode 0644 -> 4755')
    expect(await converge({ path: '/etc/new' })).toBe('changed wanted: new file, 0 bytes')
    expect(await converge({ path: '/etc', mode: '0700' })).toBe('changed wanted: mode 0755 -> 0700')
  })

  it('of a sensitive file that is new let nobody else read it', async () => {
    const { runs, host } = setup()
    await runs.run([inForce('p', [resource('p', 'file/key', { path: '/etc/key', content: 'k' }, { sensitive: true })])])
    expect(host.lstat('/etc/key')?.mode).toBe(0o600)
  })

  it('need an account that exists, which a plan may still expect', async () => {
    const { converge, runs } = setup()
    const attrs = { path: '/etc/a', content: 'x', owner: 'nobody-yet' }
    const plan = await runs.plan([inForce('p', [resource('p', 'file/x', attrs)])])
    expect(plan.outcomes[0]?.state).toBe('changed')
    expect(await converge(attrs)).toBe("failed wanted E_ACCOUNT: there is no user 'nobody-yet' on this host")
  })
})

describe('folders and links', () => {
  it('are made with the folders above them, and never replace something of another kind', async () => {
    const { converge, put, host } = setup()
    expect(await converge({ path: '/srv/a/b/c', directory: true, mode: '0750' })).toBe('changed wanted: new folder')
    expect([host.lstat('/srv/a/b')?.mode, host.lstat('/srv/a/b/c')?.mode]).toEqual([0o755, 0o750])
    put('/srv/file', 'x')
    expect(await converge({ path: '/srv/file', directory: true })).toBe(
      'failed wanted E_IN_THE_WAY: /srv/file is a file, so it cannot become a folder; move it away first',
    )
    expect(await converge({ path: '/srv/a', content: 'x' })).toContain('failed wanted E_IN_THE_WAY: /srv/a is a folder')
    expect(await converge({ path: '/srv/a', link: '/etc' })).toContain('failed wanted E_IN_THE_WAY: /srv/a is a folder')
  })

  it('lead where the policy says, and are not followed', async () => {
    const { converge, put, text, host } = setup()
    put('/etc/target', 'precious')
    expect(await converge({ path: '/srv/link', link: '../etc/target' })).toBe('changed wanted: link to ../etc/target')
    expect(await converge({ path: '/srv/link', link: '/etc/other', owner: 'www' })).toBe(
      'changed wanted: link to /etc/other (was ../etc/target)',
    )
    expect(host.lstat('/srv/link')?.uid).toBe(33)
    await converge({ path: '/srv/link', link: '/etc/target' })
    expect(await converge({ path: '/srv/link', content: 'a file now' })).toBe(
      'changed wanted: a file in place of a link',
    )
    expect([text('/etc/target'), text('/srv/link')]).toEqual(['precious', 'a file now'])
    expect(await converge({ path: '/srv/link', link: 'x' })).toBe('changed wanted: link to x (was a file)')
  })

  it('get everything in a folder of the bundle, and lose the rest only if purge is set', async () => {
    const { converge, put, text, host } = setup()
    const attrs = {
      path: '/srv/www',
      directory: true,
      source: 'site',
      owner: 'www',
      mode: '0640',
      directoryMode: '0750',
    }
    expect(await converge(attrs)).toBe(
      'changed wanted: new folder, sub: new folder, a: new file, 1 bytes, sub/b.sh: new file, 1 bytes',
    )
    expect([host.lstat('/srv/www/sub')?.mode, host.lstat('/srv/www/sub/b.sh')]).toMatchObject([
      0o750,
      { mode: 0o640, uid: 33 },
    ])
    put('/srv/www/sub/stray', 'x')
    put('/srv/www/a', 'changed by hand')
    expect(await converge(attrs)).toBe(
      'repaired corrective: a: new content, a: mode 0644 -> 0640, a: owner root -> www',
    )
    expect(await converge({ ...attrs, purge: true })).toBe(
      'changed wanted: sub/stray: removal, the policy does not have it',
    )
    expect([text('/srv/www/a'), host.lstat('/srv/www/sub/stray')]).toEqual(['a', null])
  })

  it('are removed with everything in them only if the policy says so', async () => {
    const { converge, put, host } = setup()
    host.mkdir('/srv/old', { mode: 0o755, uid: 0, gid: 0 })
    put('/srv/old/file', 'x')
    expect(await converge({ path: '/srv/old/', absent: true })).toContain('failed wanted E_IN_THE_WAY')
    expect(await converge({ path: '/srv/old', absent: true, recursive: true })).toBe(
      'changed wanted: removal of the folder',
    )
    expect(await converge({ path: '/srv/old', absent: true })).toBe('kept: as it should be')
    put('/srv/file', 'x')
    expect(await converge({ path: '/srv/file', absent: true })).toBe('changed wanted: removal')
  })
})

describe('attributes that do not fit', () => {
  it.each([
    [{ path: 'etc/motd', content: '' }, 'path: must be an absolute path'],
    [{ path: '/etc/../motd', content: '' }, 'path: must be an absolute path'],
    [{ path: '/etc/motd', content: '', source: 'x' }, 'content and source exclude each other'],
    [{ path: '/etc/motd', link: 'x', directory: true }, 'link and directory exclude each other'],
    [{ path: '/etc/motd', absent: true, content: '' }, 'content and absent exclude each other'],
    [{ path: '/etc/motd', content: '', purge: true }, 'purge needs directory: true and source'],
    [{ path: '/etc/motd', content: '', recursive: true }, 'recursive needs absent: true'],
    [{ path: '/etc/motd', content: '', mode: '999' }, 'mode: must be an octal mode'],
    [{ path: '/etc/motd', content: '', validate: ['visudo'] }, 'validate: must name {file}'],
    [{ path: '/etc/motd', directory: true, validate: ['x', '{file}'] }, 'validate needs content'],
    [{ path: '/etc/motd', link: 'x', mode: '0644' }, 'mode means nothing with link'],
    [{ path: '/etc/motd', content: '', owner: '-x' }, 'owner: must be the name'],
  ])('%j', (attrs, problem) => {
    expect(file.bind(resource('p', 'file/x', attrs))).toContain(problem)
  })
})
