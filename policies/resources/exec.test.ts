import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { ExecOptions, ExecResult } from '../host.ts'
import { inForce, lines, resource, Runs } from '../testing/converge.ts'
import { MemoryHost } from '../testing/memory-host.ts'
import { assert } from './assert.ts'
import { exec } from './exec.ts'

const sha256 = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest()

function setup(answers: Readonly<Record<string, Partial<ExecResult>>> = {}) {
  const commands: [string, ExecOptions][] = []
  const host = new MemoryHost({
    sha256,
    now: () => 1_800_000_000_000,
    exec: (argv, options) => {
      commands.push([argv.join(' '), options])
      return answers[argv[0] ?? ''] ?? {}
    },
  })
  const runs = new Runs(host)
  const run = async (attrs: Parameters<typeof resource>[2], version?: string): Promise<string> => {
    const policies = [inForce('p', [resource('p', 'exec/x', attrs)], version === undefined ? {} : { version })]
    return (lines((await runs.run(policies)).outcomes)[0] ?? '').replace('p exec/x ', '')
  }
  return { host, commands, run, names: () => commands.map(([name]) => name) }
}

describe('a guard', () => {
  it('creates: the command is done once its path is there, and must make it', async () => {
    const { host, run, names } = setup()
    const attrs = { argv: ['/bin/build'], creates: '/out' }
    expect(await run(attrs)).toBe('failed wanted E_EXIT: /bin/build ended well, but /out is still not there')
    host.symlink('/out', 'anywhere')
    expect(await run(attrs)).toBe('kept: as it should be')
    expect(names()).toEqual(['/bin/build'])
  })

  it('onlyif and unless ask a command', async () => {
    const { run, names } = setup({ yes: { code: 0 }, no: { code: 1 } })
    expect(await run({ argv: ['/bin/x'], onlyif: ['no'] })).toBe('kept: as it should be')
    expect(await run({ argv: ['/bin/x'], unless: ['yes'] })).toBe('kept: as it should be')
    expect(await run({ argv: ['/bin/x', '-a'], onlyif: ['yes'], unless: ['no'] })).toBe('changed wanted: run /bin/x -a')
    expect(names()).toEqual(['no', 'yes', 'yes', 'no', '/bin/x -a'])
  })

  it('that cannot be started is a failure, not a no', async () => {
    const { run } = setup({ broken: { end: 'failed', code: null, why: 'ENOENT' } })
    expect(await run({ argv: ['/bin/x'], unless: ['broken'] })).toBe(
      'failed wanted E_EXEC: broken cannot be started: ENOENT',
    )
  })

  it('once: for each version of the policy, or ever, and not before it went well', async () => {
    const answers: Record<string, Partial<ExecResult>> = { '/bin/migrate': { code: 1 } }
    const { run, names } = setup(answers)
    const attrs = { argv: ['/bin/migrate'], once: 'version' }
    expect(await run(attrs, 'v1')).toContain('failed')
    delete answers['/bin/migrate']
    expect(await run(attrs, 'v1')).toBe('changed wanted: run /bin/migrate')
    expect(await run(attrs, 'v1')).toBe('kept: as it should be')
    expect(await run(attrs, 'v2')).toContain('run /bin/migrate')
    expect(await run({ ...attrs, once: 'ever' }, 'v3')).toBe('kept: as it should be')
    expect(names()).toHaveLength(3)
  })

  it('is required', () => {
    expect(exec.bind(resource('p', 'exec/x', { argv: ['/bin/x'] }))).toContain('exec needs a guard')
    expect(exec.bind(resource('p', 'exec/x', { argv: ['/bin/x'], notifyOnly: false }))).toContain('exec needs a guard')
    expect(exec.bind(resource('p', 'exec/x', { argv: [], creates: '/x' }))).toContain('argv')
    expect(exec.bind(resource('p', 'exec/x', { argv: ['x'], creates: '/x', env: { 'A B': '1' } }))).toContain('env')
  })
})

describe('a command', () => {
  it('is given its folder, environment, account and time', async () => {
    const { run, commands } = setup()
    await run({ argv: ['/bin/x'], onlyif: ['true'], cwd: '/srv/', env: { A: '1' }, user: 'root' })
    const where = { cwd: '/srv', env: { A: '1' }, user: 'root' }
    expect(commands.map(([, options]) => options)).toMatchObject([
      { ...where, timeoutMs: 60_000 },
      { ...where, timeoutMs: 300_000 },
    ])
  })

  it('may end with the exit codes that it returns', async () => {
    const { run } = setup({ '/bin/x': { code: 2, output: 'two\u001b[31m\n' } })
    expect(await run({ argv: ['/bin/x'], onlyif: ['true'] })).toBe(
      'failed wanted E_EXIT: /bin/x ended with exit code 2: two[31m',
    )
    expect(await run({ argv: ['/bin/x'], onlyif: ['true'], returns: [0, 2] })).toBe(
      'changed wanted: run /bin/x: two[31m',
    )
  })

  it.each([
    [{ end: 'timeout', code: null } as const, 'failed wanted E_TIMEOUT: /bin/x did not end in time and was killed'],
    [{ end: 'signal', code: null, why: 'SIGSEGV' } as const, 'failed wanted E_EXIT: /bin/x was ended by SIGSEGV'],
    [
      { end: 'cancelled', code: null } as const,
      'waiting wanted E_CANCELLED: /bin/x was killed because the run was cancelled',
    ],
  ])('that ends badly says how: %j', async (result, line) => {
    expect(await setup({ '/bin/x': result }).run({ argv: ['/bin/x'], onlyif: ['true'] })).toBe(line)
  })
})

describe('an assertion', () => {
  it('fails with its message, and what requires it is skipped', async () => {
    const { host } = setup()
    const runs = new Runs(host)
    const policies = (that: boolean) => [
      inForce('p', [
        resource('p', 'assert/memory', { that, message: 'needs 2 GiB' }),
        resource('p', 'file/a', { path: '/a', content: '' }, { require: ['assert/memory'] }),
      ]),
    ]
    expect(lines((await runs.run(policies(false))).outcomes)).toEqual([
      'p assert/memory failed wanted E_ASSERT: needs 2 GiB',
      'p file/a skipped E_DEPENDENCY: assert/memory, which comes first, failed',
    ])
    expect((await runs.run(policies(true))).converged).toBe(true)
    expect(assert.bind(resource('p', 'assert/x', { that: 'true' }))).toContain('that')
  })
})
