import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { chorus } from '../testing/world.ts'
import type { Ran } from '../testing/world.ts'

const top = mkdtempSync(join(tmpdir(), 'chorus-offline-'))
afterAll(() => rmSync(top, { recursive: true }))
let dir = ''
let n = 0
beforeEach(() => {
  dir = join(top, `${n++}`)
  mkdirSync(join(dir, 'web'), { recursive: true })
})

const policy = (text: string): void => writeFileSync(join(dir, 'web', 'policy.yaml'), text)
const run = (...argv: string[]): Promise<Ran> => chorus([...argv, '--state', join(dir, 'state')], { cwd: dir })
const motd = (content: string, more = ''): void =>
  policy(
    `policy: web/motd\nselect: labels.role == 'web'\nvars: { greeting: Hello }\nresources:\n  file/motd: { path: ${dir}/motd, content: "${content}\\n" }\n${more}`,
  )
const read = (): string => readFileSync(join(dir, 'motd'), 'utf8')

describe('a policy without a mesh', () => {
  it('is planned, converged, kept, and healed', async () => {
    motd('${vars.greeting} from ${node.name}')
    const as = ['--label', 'role=web', '--name', 'one']
    const planned = await run('converge', 'web', '--dry-run', ...as)
    expect([planned.code, planned.out]).toEqual([3, expect.stringContaining('+Hello from one')])
    expect(existsSync(join(dir, 'motd'))).toBe(false)
    expect(await run('converge', 'web', ...as)).toMatchObject({ code: 0, out: expect.stringContaining('1 changed') })
    expect(read()).toBe('Hello from one\n')
    expect(await run('converge', 'web', ...as)).toMatchObject({ code: 0, out: expect.stringContaining('1 kept') })
    expect((await run('converge', 'web', '--dry-run', ...as)).code).toBe(0)
    expect((await run('converge', 'web/policy.yaml', ...as)).out).toContain('1 kept')
    writeFileSync(join(dir, 'motd'), 'oops\n')
    expect(JSON.parse((await run('converge', 'web', '--json', ...as)).out).outcomes).toEqual([
      expect.objectContaining({ key: 'file/motd', state: 'repaired', cause: 'corrective' }),
    ])
    expect(read()).toBe('Hello from one\n')
  })

  it('brings back what it has overwritten', async () => {
    writeFileSync(join(dir, 'motd'), 'precious\n', { mode: 0o600 })
    motd('new')
    await run('converge', 'web', '--label', 'role=web')
    expect(read()).toBe('new\n')
    const { copies } = JSON.parse((await run('restore', '--list', '--json')).out)
    expect(copies).toEqual([expect.objectContaining({ path: join(dir, 'motd'), bytes: 9, mode: '0600' })])
    expect(await run('restore', 'motd')).toMatchObject({ code: 0, out: expect.stringContaining('is as it was until') })
    expect(read()).toBe('precious\n')
    expect((await run('restore', 'motd')).code).toBe(0)
    expect(read()).toBe('new\n')
    expect(await run('restore', 'other')).toMatchObject({ code: 1, err: expect.stringContaining('E_NOT_FOUND') })
    expect((await run('restore')).code).toBe(2)
  })

  it('asks after its health, and surrounds a change with its commands', async () => {
    const extra = (check: string): string =>
      `health: [{exec: [test, -e, "${check}"], within: 1ms}]\nonChange: {before: [[touch, "${dir}/drained"]], after: [[rm, "${dir}/drained"]]}\n`
    motd('x', extra(`${dir}/drained`))
    const as = ['--label', 'role=web']
    expect((await run('converge', 'web', ...as)).code).toBe(0)
    expect(existsSync(join(dir, 'drained'))).toBe(false)
    motd('y', extra(`${dir}/nowhere`))
    expect(await run('converge', 'web', ...as)).toMatchObject({ code: 3, out: expect.stringContaining('E_HEALTH') })
  })

  it('takes variables by --set', async () => {
    motd('${vars.greeting}')
    await run('converge', 'web', '--label', 'role=web', '--set', 'greeting=Good morning')
    expect(read()).toBe('Good morning\n')
    expect(await run('plan', 'web', '--set', 'greting=x')).toMatchObject({
      code: 1,
      err: expect.stringContaining('E_UNKNOWN_VAR'),
    })
  })

  it('that does not select this machine changes nothing, and says how to assume labels', async () => {
    motd('x')
    const { code, err } = await run('converge', 'web')
    expect([code, err]).toEqual([0, expect.stringContaining('--label KEY=VALUE')])
    expect(existsSync(join(dir, 'motd'))).toBe(false)
  })

  it('whose assertion fails exits with 3, and says why', async () => {
    motd('x', '  assert/never: { that: "${1 > 2}", message: not on this machine }\n')
    const { code, out } = await run('converge', 'web', '--label', 'role=web')
    expect([code, out]).toEqual([3, expect.stringContaining('E_ASSERT not on this machine')])
  })

  it('takes secrets of the machine itself, and shows none of them', async () => {
    writeFileSync(join(dir, 'token'), 'hunter2secret')
    policy(
      `policy: web/motd\nselect: "true"\nsecrets: { own: { file: ${dir}/token }, none: { file: ${dir}/nowhere } }\nresources:\n  file/own: { path: ${dir}/own, content: "\${secrets.own}" }\n  file/none: { path: ${dir}/none, content: "\${secrets.none}" }\n`,
    )
    const { code, out, err } = await run('converge', 'web', '--json')
    expect([code, readFileSync(join(dir, 'own'), 'utf8')]).toEqual([3, 'hunter2secret'])
    expect(out).toContain(`waiting for secret none: the file ${dir}/nowhere is not on this node`)
    expect(out + err).not.toContain('hunter2secret')
    expect(existsSync(join(dir, 'none'))).toBe(false)
  })

  it('travels as one file, which is refused when it is damaged', async () => {
    motd('from a file')
    const built = JSON.parse((await run('build', 'web', '-o', 'm.bundle', '--json')).out)
    expect(built).toMatchObject({ v: 1, kind: 'build', policy: 'web/motd', bundle: expect.stringMatching(/^bafyrei/) })
    expect(await run('build', 'web', '-o', 'm.bundle')).toMatchObject({
      code: 1,
      err: expect.stringContaining('E_FILE_EXISTS'),
    })
    rmSync(join(dir, 'web'), { recursive: true })
    expect((await run('converge', 'm.bundle', '--label', 'role=web')).code).toBe(0)
    expect(read()).toBe('from a file\n')
    expect(await run('plan', 'm.bundle', '--label', 'role=web')).toMatchObject({
      code: 0,
      out: expect.stringContaining('1 kept'),
    })
    expect(await run('converge', 'm.bundle', '--set', 'a=b')).toMatchObject({ code: 2 })
    const bytes = readFileSync(join(dir, 'm.bundle'))
    writeFileSync(join(dir, 'cut.bundle'), bytes.subarray(0, bytes.length - 60))
    expect(await run('converge', 'cut.bundle')).toMatchObject({ code: 1, err: expect.stringContaining('E_ARCHIVE') })
  })

  it('gives the same bundle from a copy elsewhere', async () => {
    cpSync('policies/examples/hello', join(dir, 'a'), { recursive: true })
    cpSync('policies/examples/hello', join(dir, 'b'), { recursive: true })
    execFileSync('touch', ['-d', '2001-01-01', join(dir, 'b', 'policy.yaml')])
    const cid = async (from: string): Promise<unknown> =>
      JSON.parse((await run('publish', from, '--dry-run', '--json')).out).bundle
    expect(await cid('a')).toBe(await cid('b'))
  })
})

describe('mistakes in a policy', () => {
  it('are shown all at once, each with its place, and nothing is sent', async () => {
    policy('policy: web/motd\nselect: "true"\nresources:\n  file/a: { path: /a, contnet: x }\n  fiel/b: {}\n')
    const linted = await run('lint', 'web')
    expect([linted.code, linted.err]).toEqual([1, ''])
    expect(linted.out).toMatch(/^web\/policy\.yaml:4:\d+: .*contnet.*content/m)
    expect(linted.out).toMatch(/^web\/policy\.yaml:5:\d+: .*fiel.*file/m)
    expect(JSON.parse((await run('lint', 'web', '--json')).out).problems).toHaveLength(2)
    for (const command of ['publish', 'plan', 'build', 'converge']) {
      const { code, out, err } = await run(command, 'web', ...(command === 'publish' ? ['--dry-run'] : []))
      expect([code, out], command).toEqual([1, ''])
      expect(err, command).toContain('chorus: E_POLICY: web has 2 mistakes')
    }
  })

  it('in the name of the folder is met with the nearest', async () => {
    expect(await run('lint', 'wbe')).toMatchObject({ code: 1, err: expect.stringContaining('did you mean "web"?') })
  })

  it('cannot steer the terminal', async () => {
    policy('policy: web/motd\nselect: "true"\nresources: { "file/a\u009b31m": { path: /a } }\n')
    expect((await run('lint', 'web')).out).not.toContain('\u009b')
  })
})

describe('a policy that is a program', () => {
  it('gives the bundle of its twin in YAML', async () => {
    policy('policy: web/motd\nselect: "true"\nresources:\n  file/motd: { path: /etc/motd, content: "hi" }\n')
    mkdirSync(join(dir, 'program'))
    writeFileSync(
      join(dir, 'program', 'policy.ts'),
      "const path: string = '/etc/motd'\nexport default { policy: 'web/motd', select: 'true', resources: { 'file/motd': { path, content: 'hi' } } }\n",
    )
    const cid = async (from: string): Promise<unknown> =>
      JSON.parse((await run('publish', from, '--dry-run', '--json')).out).bundle
    expect(await cid('program')).toBe(await cid('web'))
  })

  it('that fails is a mistake, not a crash', async () => {
    rmSync(join(dir, 'web', 'policy.yaml'), { force: true })
    writeFileSync(join(dir, 'web', 'policy.ts'), "throw new Error('no luck')\n")
    expect(await run('lint', 'web')).toMatchObject({
      code: 1,
      err: expect.stringContaining('policy.ts fails: no luck'),
    })
  })
})
