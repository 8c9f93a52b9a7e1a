import { execFileSync } from 'node:child_process'
import { tmpdir } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { openHost } from './host.ts'

const host = openHost({ backupDir: join(tmpdir(), 'chorus-no-backups') })
const limits = { timeoutMs: 20_000, maxOutputBytes: 1000 }
const sh = (script: string): string[] => ['/bin/sh', '-c', script]

function alive(pid: number): boolean {
  try {
    // A zombie is dead, and only waits for its parent to be told.
    return !execFileSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' })
      .trim()
      .startsWith('Z')
  } catch {
    return false
  }
}

describe('a command', () => {
  it('gives its exit code and both outputs, with a small environment and nothing to read', async () => {
    process.env['CHORUS_TEST_SECRET'] = 'leaked'
    const result = await host.exec(sh('cat; echo "$X $CHORUS_TEST_SECRET"; echo oops >&2; pwd; exit 3'), {
      ...limits,
      env: { X: 'given' },
      cwd: '/usr',
    })
    expect(result).toMatchObject({ end: 'exit', code: 3, truncated: false, why: '' })
    expect(result.output.trim().split('\n').sort()).toEqual(['/usr', 'given ', 'oops'])
  })

  it('is given what it is to read', async () => {
    expect((await host.exec(['cat'], { ...limits, stdin: Buffer.from('hello') })).output).toBe('hello')
    expect((await host.exec(['true'], { ...limits, stdin: Buffer.alloc(1 << 20) })).code).toBe(0)
  })

  it('is never a shell', async () => {
    expect((await host.exec(['echo', '$(id); `id` && id'], limits)).output).toBe('$(id); `id` && id\n')
  })

  it('keeps the end of a huge output only', async () => {
    const result = await host.exec(sh('yes | head -c 5000000; echo end'), limits)
    expect([result.truncated, result.output.length, result.output.endsWith('y\nend\n')]).toEqual([true, 1000, true])
  })

  it('that cannot be started is a result', async () => {
    expect(await host.exec(['/no/such/program'], limits)).toMatchObject({ end: 'failed', code: null })
    expect(await host.exec(['/etc/passwd'], limits)).toMatchObject({ end: 'failed' })
    expect((await host.exec(['true'], { ...limits, cwd: '/no/such/folder' })).why).toContain('/no/such/folder')
    expect((await host.exec(['true'], { ...limits, user: 'no-such-user' })).why).toContain('no-such-user')
  })

  it('is killed at its timeout with everything that it started', async () => {
    const result = await host.exec(sh('sleep 60 & echo $!; sleep 60'), { ...limits, timeoutMs: 300 })
    expect(result.end).toBe('timeout')
    const child = Number(result.output.trim())
    await sleep(100)
    expect([child > 0, alive(child)]).toEqual([true, false])
  })

  it('is killed though it does not listen', async () => {
    const started = Date.now()
    const result = await host.exec(sh("trap '' TERM; while :; do sleep 0.1; done"), { ...limits, timeoutMs: 200 })
    expect(result.end).toBe('timeout')
    expect(Date.now() - started).toBeLessThan(15_000)
  })

  it('ends when it ends, though a child in the background holds its output', async () => {
    const started = Date.now()
    const result = await host.exec(sh('sleep 30 & echo $!'), limits)
    process.kill(Number(result.output.trim()))
    expect([result.end, result.code]).toEqual(['exit', 0])
    expect(Date.now() - started).toBeLessThan(10_000)
  })

  it('ends also if such a child writes and writes', async () => {
    const result = await host.exec(
      sh('(i=0; while [ $i -lt 80 ]; do echo x; sleep 0.1; i=$((i+1)); done) & exit 4'),
      limits,
    )
    expect([result.end, result.code, result.output.startsWith('x\nx\n')]).toEqual(['exit', 4, true])
    expect(result.output.length).toBeLessThan(80)
  })

  it('says which signal ended it, and stops when the run does', async () => {
    expect(await host.exec(sh('kill -9 $$'), limits)).toMatchObject({ end: 'signal', why: 'SIGKILL' })
    const stop = new AbortController()
    const running = host.exec(['sleep', '60'], { ...limits, signal: stop.signal })
    stop.abort()
    expect((await running).end).toBe('cancelled')
    expect((await host.exec(['true'], { ...limits, signal: stop.signal })).end).toBe('cancelled')
  })

  it.runIf(process.getuid?.() === 0)('runs as another user, without the groups of root', async () => {
    const result = await host.exec(sh('id -un; id -Gn; echo $HOME $USER'), { ...limits, user: 'nobody' })
    expect(result.output).toBe('nobody\nnogroup\n/nonexistent nobody\n')
    const missing = await host.exec(['/nope/program'], { ...limits, user: 'nobody' })
    expect(missing).toMatchObject({ end: 'failed', code: null, why: expect.stringContaining('ENOENT') })
    const refused = await host.exec(['/etc/passwd'], { ...limits, user: 'nobody' })
    expect(refused).toMatchObject({ end: 'failed', why: expect.stringContaining('EACCES') })
  })
})
