import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { inForce, lines, resource } from '../testing/converge.ts'
import { Lab } from '../testing/lab.ts'

const sha256 = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest()

const sshd = (attrs: object, key = 'file/sshd') => resource('p', key, { path: '/etc/sshd', ...attrs })

describe('an edit of a file that others own', () => {
  it('changes its part, keeps the rest, and is taken back when no policy has it any more', async () => {
    const lab = new Lab({ sha256 })
    lab.put('/etc/sshd', '# theirs\n#Port 22\n')
    const edits = [
      resource(
        'p',
        'file/port',
        { path: '/etc/sshd', line: { text: 'Port 2222', match: '^#?Port ' } },
        { onRemove: 'undo' },
      ),
      resource('p', 'file/match', { path: '/etc/sshd', block: 'Match all\n' }, { onRemove: 'undo' }),
    ]
    expect(lines((await lab.runs.run([inForce('p', edits)])).outcomes)).toEqual([
      'p file/port changed wanted: edit of a line',
      'p file/match changed wanted: edit of the block match',
    ])
    const right = '# theirs\nPort 2222\n# BEGIN chorus match\nMatch all\n# END chorus match\n'
    expect(lab.text('/etc/sshd')).toBe(right)
    expect((await lab.runs.run([inForce('p', edits)])).changed).toBe(false)
    lab.put('/etc/sshd', right.replace('2222', '1').replace('# theirs', '# theirs, changed'))
    expect((await lab.runs.run([inForce('p', edits)])).outcomes.map(({ state }) => state)).toEqual(['repaired', 'kept'])
    await lab.runs.run([inForce('p', [])])
    expect(lab.text('/etc/sshd')).toBe('# theirs, changed\n#Port 22\n')
  })

  it('makes the file only if it is told to, and takes it away again if nothing else is in it', async () => {
    const lab = new Lab({ sha256 })
    expect(lines((await lab.runs.run([inForce('p', [sshd({ line: 'a' })])])).outcomes)[0]).toBe(
      'p file/sshd failed wanted E_NOT_FOUND: /etc/sshd is not there, so nothing in it can be edited; say create: true to make it',
    )
    const made = resource('p', 'file/sshd', { path: '/etc/sshd', line: 'a', create: true }, { onRemove: 'undo' })
    expect(lines((await lab.runs.run([inForce('p', [made])])).outcomes)[0]).toBe('p file/sshd changed wanted: new file')
    await lab.runs.run([inForce('p', [])])
    expect(lab.text('/etc/sshd')).toBeUndefined()
  })

  it('is refused where another resource manages the whole file, or the same part', async () => {
    const lab = new Lab({ sha256 })
    const whole = resource('p', 'file/whole', { path: '/etc/sshd', content: 'x\n' })
    const [, refused] = lines((await lab.runs.run([inForce('p', [whole, sshd({ line: 'a' })])])).outcomes)
    expect(refused).toContain('failed wanted E_CONFLICT: /etc/sshd cannot be edited')
    lab.put('/etc/sshd', '{}')
    const two = [sshd({ json: { a: 1 } }), sshd({ json: { a: 2 } }, 'file/other')]
    expect(lines((await lab.runs.run([inForce('p', two)])).outcomes).at(-1)).toContain(
      'E_CONFLICT: /etc/sshd json a is claimed by file/sshd of p too',
    )
  })

  it('is validated before it is put in place', async () => {
    const lab = new Lab({ sha256, exec: ([program]) => ({ code: program === '/bin/bad' ? 1 : 0 }) })
    lab.put('/etc/sshd', 'a\n')
    const bad = sshd({ line: 'b', validate: ['/bin/bad', '{file}'] })
    expect((await lab.runs.run([inForce('p', [bad])])).outcomes[0]?.code).toBe('E_VALIDATE')
    expect(lab.text('/etc/sshd')).toBe('a\n')
  })
})

describe('verify', () => {
  const site = (name: string, content: string) =>
    resource(
      'p',
      `file/${name}`,
      { path: `/srv/${name}`, content, verify: ['/bin/nginx', '-t'] },
      { notify: ['exec/reload'] },
    )
  const reload = resource('p', 'exec/reload', { argv: ['/bin/reload'], notifyOnly: true })

  it('asks once for all files of a run, after the last one is in place and before anybody is told', async () => {
    let seen = ''
    const lab: Lab = new Lab({
      sha256,
      exec: ([program]) => {
        if (program === '/bin/nginx') seen = `${lab.text('/srv/a')}${lab.text('/srv/b')}`
        return {}
      },
    })
    const { outcomes } = await lab.runs.run([inForce('p', [site('a', '1'), site('b', '2'), reload])])
    expect(outcomes.map(({ state }) => state)).toEqual(['changed', 'changed', 'changed'])
    expect([seen, lab.commands]).toEqual(['12', ['/bin/nginx -t', '/bin/reload']])
  })

  it('that fails brings all of them back, and tells nobody', async () => {
    const lab = new Lab({ sha256, exec: () => ({ code: 1, output: 'unknown directive' }) })
    lab.put('/srv/a', 'old', 0o600)
    const run = lab.runs.run([inForce('p', [site('a', '1'), site('b', '2'), reload])])
    expect(lines((await run).outcomes)).toEqual([
      'p file/a failed wanted E_VERIFY: /bin/nginx ended with exit code 1: unknown directive; what was there before is back',
      'p file/b failed wanted E_VERIFY: /bin/nginx ended with exit code 1: unknown directive; what was there before is back',
      'p exec/reload skipped E_DEPENDENCY: file/a, which comes first, failed',
    ])
    expect([lab.text('/srv/a'), lab.host.lstat('/srv/a')?.mode, lab.text('/srv/b')]).toEqual(['old', 0o600, undefined])
    expect(lab.commands).toEqual(['/bin/nginx -t'])
    expect(lab.runs.memory.resources['p file/b']?.data ?? null).toBeNull()
  })

  it('that a crash prevented is made up for, also if it then fails', async () => {
    const lab = new Lab({ sha256, exec: () => ({ code: 1 }) })
    lab.put('/srv/a', 'old')
    let known: object | undefined
    await lab.runs.run([inForce('p', [site('a', '1')])], {
      onIntent: (_id, remembered) => {
        known ??= remembered
      },
    })
    // As if the power had gone between the rename and the question.
    lab.put('/srv/a', '1')
    lab.runs.memory = { v: 1, resources: { 'p file/a': known as never } }
    const { outcomes } = await lab.runs.run([inForce('p', [site('a', '1')])])
    expect([outcomes[0]?.code, lab.text('/srv/a')]).toEqual(['E_VERIFY', 'old'])
  })
})
