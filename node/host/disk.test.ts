import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { convergeHost, NO_MEMORY, RESOURCE_TYPES } from '../../policies/index.ts'
import type { HostPort, Memory, Outcome, ResolvedResource } from '../../policies/index.ts'
import { resource } from '../../policies/testing/converge.ts'
import { openHost } from './host.ts'

let dir = ''
let host: HostPort
let memory: Memory
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'chorus-disk-'))
  host = openHost({ backupDir: join(dir, 'backup') })
  memory = NO_MEMORY
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

async function converge(
  resources: readonly ResolvedResource[],
  over: Partial<HostPort> = {},
): Promise<readonly Outcome[]> {
  const seen = new Proxy(host, {
    get(target, name) {
      const changed: unknown = Reflect.get(over, name)
      const value: unknown = changed ?? Reflect.get(target, name)
      return typeof value === 'function' ? (...args: unknown[]): unknown => Reflect.apply(value, target, args) : value
    },
  })
  const result = await convergeHost({
    host: seen,
    content: { file: () => undefined, folder: () => [], chunk: () => new Uint8Array(0) },
    types: RESOURCE_TYPES,
    policies: [{ policy: 'p', after: [], grant: null, resources }],
    memory,
    apply: true,
  })
  memory = result.memory
  return result.outcomes
}

const file = (path: string, content: string | Uint8Array): ResolvedResource =>
  resource('p', `file/${path.slice(path.lastIndexOf('/') + 1)}`, { path, content })

/** A small file system of its own; null where this machine does not let a test have one. */
function mounted(options: string): string | null {
  const at = join(dir, 'disk')
  execFileSync('mkdir', ['-p', at])
  return spawnSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', at]).status === 0 ? at : null
}

const WITHOUT = 'this machine does not let a test mount a file system: as root on Linux it runs'

describe('a file system', () => {
  it('that is full fails what does not fit, keeps the old file, leaves nothing half-written, and the others go on', async (context) => {
    const disk = mounted('size=64k')
    if (disk === null) {
      context.skip(WITHOUT)
      return
    }
    try {
      writeFileSync(join(disk, 'old'), 'old')
      const outcomes = await converge([
        file(join(disk, 'old'), 'x'.repeat(100_000)),
        file(join(disk, 'new'), 'y'.repeat(100_000)),
        file(join(disk, 'small'), 'fits'),
        file(join(dir, 'elsewhere'), 'fine'),
      ])
      expect(outcomes.map(({ state, code }) => code ?? state)).toEqual([
        'E_NO_SPACE',
        'E_NO_SPACE',
        'changed',
        'changed',
      ])
      expect(outcomes[0]?.reason).toContain('no space is left on its file system')
      expect([readFileSync(join(disk, 'old'), 'utf8'), readdirSync(disk).sort()]).toEqual(['old', ['old', 'small']])
    } finally {
      execFileSync('umount', [disk])
    }
  })

  it('that is read-only fails what must change there and keeps what is right', async (context) => {
    const disk = mounted('size=64k')
    if (disk === null) {
      context.skip(WITHOUT)
      return
    }
    try {
      writeFileSync(join(disk, 'right'), 'right')
      writeFileSync(join(disk, 'wrong'), 'wrong')
      execFileSync('mount', ['-o', 'remount,ro', disk])
      const outcomes = await converge([
        file(join(disk, 'right'), 'right'),
        file(join(disk, 'wrong'), 'x'),
        file(join(dir, 'a'), 'a'),
      ])
      expect(outcomes.map(({ state, code }) => code ?? state)).toEqual(['kept', 'E_READ_ONLY', 'changed'])
    } finally {
      execFileSync('umount', [disk])
    }
  })
})

describe('a file that is not UTF-8', () => {
  const latin = Uint8Array.from([0x63, 0x61, 0x66, 0xe9, 0x0a])

  it('is compared, kept and replaced byte by byte, and its diff says what it is', async () => {
    const path = join(dir, 'latin')
    writeFileSync(path, latin)
    expect(await converge([file(path, latin)])).toMatchObject([{ state: 'kept' }])
    const [outcome] = await converge([file(path, 'utf-8\n')])
    expect(outcome).toMatchObject({
      state: 'changed',
      diff: expect.stringContaining('binary or large content, 5 -> 6 bytes'),
    })
    writeFileSync(path, latin)
    await converge([resource('p', 'file/latin', { path, line: 'more' })])
    expect([...readFileSync(path)]).toEqual([...latin, ...new TextEncoder().encode('more\n')])
  })

  it('and a name that is not UTF-8 do not keep a purge from its work', async () => {
    execFileSync('sh', ['-c', `mkdir "$1" && touch "$1/$(printf 'caf\\351')" "$1/plain"`, 'sh', join(dir, 'site')])
    const [outcome] = await converge([
      resource('p', 'file/site', { path: join(dir, 'site'), absent: true, recursive: true }),
    ])
    // Node gives such a name in other bytes: it cannot be found by them, and is said to be in the way.
    expect([outcome?.state, existsSync(join(dir, 'site/plain'))]).toEqual(['failed', false])
  })
})

it('A clock that jumps, back or ahead, neither ends a run early nor stops repairs for ever', async () => {
  let offset = 0
  const now = { now: () => Date.now() + offset }
  const path = join(dir, 'a')
  for (const jump of [0, -86_400_000, 86_400_000, -400_000_000_000, 0]) {
    offset = jump
    writeFileSync(path, `drift at ${jump}`)
    const [outcome] = await converge([file(path, 'right')], now)
    expect([jump, outcome?.state]).toEqual([jump, jump === 0 && outcome?.state === 'changed' ? 'changed' : 'repaired'])
    expect(readFileSync(path, 'utf8')).toBe('right')
  }
})

it('A name that starts with a dash is a path, not an option', async () => {
  const path = join(dir, '-rf')
  await converge([resource('p', 'file/dash', { path, content: 'x', validate: ['grep', '-q', 'x', '{file}'] })])
  expect(readFileSync(path, 'utf8')).toBe('x')
})
