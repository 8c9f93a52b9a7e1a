import { createHash } from 'node:crypto'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, it } from 'vitest'
import { convergeHost, NO_MEMORY, RESOURCE_TYPES, type Memory, type ProcessSpec } from '../../policies/index.ts'
import { inForce, lines, resource } from '../../policies/testing/converge.ts'
import { openHost } from '../host/host.ts'
import { DAEMON_LIMITS } from './limits.ts'
import { ProcessSupervisor } from './supervise.ts'

const dirs: string[] = []
const supervisors: ProcessSupervisor[] = []
afterEach(async () => {
  for (const one of supervisors.splice(0)) await one.stopAll()
  for (const dir of dirs.splice(0)) rmSync(dir, { recursive: true, force: true })
})

function folder(): string {
  const dir = mkdtempSync(join(tmpdir(), 'chorus-supervise-'))
  dirs.push(dir)
  return dir
}

function supervisor(dir = folder()) {
  const made = new ProcessSupervisor(join(dir, 'processes'))
  supervisors.push(made)
  return { made, dir }
}

const script = (code: string): string[] => [process.execPath, '-e', code]

function spec(argv: readonly string[], more: Partial<ProcessSpec> = {}): ProcessSpec {
  return {
    name: 'x',
    mark: createHash('sha256')
      .update(JSON.stringify([argv, more]))
      .digest('hex'),
    argv,
    cwd: '/',
    env: {},
    user: undefined,
    restart: 'always',
    backoffMs: 20,
    backoffMaxMs: 100,
    stopSignal: 'SIGTERM',
    graceMs: 5000,
    liveness: null,
    ...more,
  }
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await sleep(10)
}

const alive = (pid: number): boolean =>
  existsSync(`/proc/${pid}`) && !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))

describe('a supervised program', () => {
  it('is started again after its end, with its last words kept', async () => {
    const { made } = supervisor()
    await made.start(spec(script('console.error("out of luck"); process.exit(3)')))
    await until(() => (made.status('x')?.restarts ?? 0) >= 2)
    expect(made.status('x')).toMatchObject({
      lastEnd: expect.stringContaining('exit code 3: out of luck'),
      endedWell: false,
    })
  })

  it('is not started again when its work is done, if the policy says so', async () => {
    const { made } = supervisor()
    await made.start(spec(script(''), { restart: 'onFailure' }))
    await until(() => made.status('x')?.state === 'ended')
    expect(made.status('x')).toMatchObject({ endedWell: true, restarts: 0 })
  })

  it('ends by its signal, or is killed with all that it started after its grace', async () => {
    const { made, dir } = supervisor()
    const polite = join(dir, 'polite')
    await made.start(
      spec(
        script(
          `process.on('SIGINT', () => { require('fs').writeFileSync(${JSON.stringify(polite)}, ''); process.exit(0) }); setInterval(() => {}, 1000); console.log('ready')`,
        ),
        { stopSignal: 'SIGINT' },
      ),
    )
    await until(() => readFileSync(join(dir, 'processes/x.log'), 'utf8').includes('ready'))
    await made.stop('x')
    expect([existsSync(polite), made.status('x')]).toEqual([true, null])
    const child = join(dir, 'child')
    const stubborn = `process.on('SIGTERM', () => {}); const c = require('child_process').spawn('sleep', ['1000']); require('fs').writeFileSync(${JSON.stringify(child)}, String(c.pid)); setInterval(() => {}, 1000)`
    await made.start(spec(script(stubborn), { graceMs: 100 }))
    await until(() => existsSync(child) && readFileSync(child, 'utf8') !== '')
    await made.stop('x')
    const pid = Number(readFileSync(child, 'utf8'))
    await until(() => !alive(pid))
  })

  it('is restarted when it does not answer', async () => {
    const { made, dir } = supervisor()
    const file = join(dir, 'well')
    writeFileSync(file, '')
    const liveness = {
      probe: { exec: ['test', '-e', file] },
      delayMs: 10,
      intervalMs: 20,
      timeoutMs: 5000,
      failures: 2,
    }
    await made.start(spec(['sleep', '1000'], { liveness }))
    await sleep(100)
    expect(made.status('x')).toMatchObject({ state: 'running', restarts: 0 })
    rmSync(file)
    await until(() => (made.status('x')?.restarts ?? 0) >= 1)
    expect(made.status('x')?.lastEnd).toContain('restarted, for 2 times test ended with exit code 1')
  })

  it('that a killed daemon left behind is ended at the next start, and nobody else is', async () => {
    const { made, dir } = supervisor()
    await made.start(spec(['sleep', '1000']))
    const pid = made.status('x')?.pid ?? 0
    const list = join(dir, 'processes/running.json')
    const written = readFileSync(list, 'utf8')
    supervisors.length = 0
    writeFileSync(list, written.replace(/"startTime":"\d+"/, '"startTime":"1"'))
    supervisor(dir)
    expect(alive(pid)).toBe(true)
    writeFileSync(list, written)
    supervisor(dir)
    await until(() => !alive(pid))
    await made.stop('x')
  })

  it('fills no disk', async () => {
    const { made, dir } = supervisor()
    await made.start(spec(script(`const b = 'x'.repeat(65536); setInterval(() => process.stdout.write(b), 1)`)))
    const old = join(dir, 'processes/x.log.1')
    await until(() => existsSync(old))
    await sleep(200)
    await made.stop('x')
    expect(statSync(old).size).toBeLessThanOrEqual(DAEMON_LIMITS.processLogBytes)
    expect(statSync(join(dir, 'processes/x.log')).size).toBeLessThanOrEqual(DAEMON_LIMITS.processLogBytes)
  })
})

describe('the type process', () => {
  function setup(processes?: ProcessSupervisor) {
    const dir = folder()
    const host = openHost({ backupDir: join(dir, 'backup'), ...(processes === undefined ? {} : { processes }) })
    let memory: Memory = NO_MEMORY
    const none = { file: () => undefined, folder: () => [], chunk: () => Promise.reject(new Error('none')) }
    return async (...resources: ReturnType<typeof resource>[]) => {
      const result = await convergeHost({
        host,
        content: none,
        types: RESOURCE_TYPES,
        policies: [inForce('p', resources)],
        memory,
        apply: true,
      })
      memory = result.memory
      return lines(result.outcomes).map((line) => line.replace('p process/x ', ''))
    }
  }
  const attrs = { argv: ['sleep', '1000'] }
  const undo = { onRemove: 'undo' } as const

  it('starts, keeps, replaces and stops', async () => {
    const { made } = supervisor()
    const run = setup(made)
    expect(await run(resource('p', 'process/x', attrs, undo))).toEqual(['changed wanted: start'])
    const pid = made.status('x')?.pid
    expect(await run(resource('p', 'process/x', attrs, undo))).toEqual(['kept: as it should be'])
    expect(await run(resource('p', 'process/x', { ...attrs, env: { A: '1' } }, undo))).toEqual([
      'changed wanted: start with new settings',
    ])
    expect(made.status('x')?.pid).not.toBe(pid)
    await made.stop('x')
    expect(await run(resource('p', 'process/x', { ...attrs, env: { A: '1' } }, undo))).toEqual([
      'repaired corrective: start',
    ])
    expect(await run()).toEqual(['changed wanted: no policy has it any more: stop'])
    expect(made.status('x')).toBeNull()
  })

  it('says what its program said when it ends at once, and needs a daemon', async () => {
    const { made } = supervisor()
    const bad = resource('p', 'process/x', { argv: script('console.log("no port"); process.exit(2)') })
    expect(await setup(made)(bad)).toEqual([
      `failed wanted E_EXIT: ${process.execPath} ended at once: exit code 2: no port`,
    ])
    expect(await setup(made)(resource('p', 'process/x', { argv: ['/none'] }))).toEqual([
      expect.stringContaining('E_EXEC'),
    ])
    expect(await setup()(resource('p', 'process/x', attrs))).toEqual([
      expect.stringContaining('E_UNSUPPORTED: a process lives as long as the daemon'),
    ])
  })
})
