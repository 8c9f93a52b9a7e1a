import { execFileSync, spawn } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  ftruncateSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { createHash } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { CID } from 'multiformats/cid'
import { create } from 'multiformats/hashes/digest'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  convergeHost,
  NO_MEMORY,
  PolicyError,
  RESOURCE_TYPES,
  type BundleContent,
  type BundleFile,
  type ConvergeResult,
  type HostPort,
  type Memory,
  type ResolvedResource,
} from '../../policies/index.ts'
import { openHost } from './host.ts'

const asRoot = process.getuid?.() === 0
const STRANGER = 61_234
/** The window is a few microseconds wide: a hole in it is met within some thousands. */
const TRIES = 100_000
const own = { mode: 0o644, uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 }

let dir = ''
let host: HostPort
const at = (...parts: string[]): string => join(dir, ...parts)

beforeEach(() => {
  dir = realpathSync(mkdtempSync(join(tmpdir(), 'chorus-safety-')))
  host = openHost({ backupDir: at('backup'), durable: false })
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

const noContent: BundleContent = { file: () => undefined, folder: () => [], chunk: () => new Uint8Array(0) }

function file(name: string, attrs: ResolvedResource['attrs'], onRemove: 'leave' | 'undo' = 'leave'): ResolvedResource {
  const none = { require: [], before: [], notify: [], subscribe: [], sensitive: false, noop: false }
  return {
    policy: 'p',
    key: `file/${name}`,
    type: 'file',
    name,
    attrs,
    onRemove,
    ...none,
    at: { file: '', line: 1, column: 1 },
  }
}

async function converge(
  resources: readonly ResolvedResource[],
  content = noContent,
  memory: Memory = NO_MEMORY,
): Promise<ConvergeResult> {
  const policies = [{ policy: 'p', after: [], resources, grant: null }]
  return await convergeHost({ host, content, types: RESOURCE_TYPES, policies, memory, apply: true })
}

function bundle(files: Readonly<Record<string, string>>): BundleContent {
  const chunks = new Map<string, Uint8Array>()
  const all = Object.entries(files).map(([path, text]): BundleFile => {
    const bytes = Buffer.from(text)
    const cid = cidOf(bytes)
    chunks.set(cid, bytes)
    return { path, size: bytes.length, executable: path.endsWith('.sh'), chunks: bytes.length === 0 ? [] : [cid] }
  })
  return {
    file: (_policy, path) => all.find((one) => one.path === path),
    folder: (_policy, path) => all.filter((one) => one.path.startsWith(`${path}/`)),
    chunk: async (cid) => await Promise.resolve(chunks.get(cid) ?? new Uint8Array(0)),
  }
}

function cidOf(bytes: Uint8Array): string {
  return CID.createV1(0x55, create(0x12, createHash('sha256').update(bytes).digest())).toString()
}

describe('a hostile user', () => {
  it.runIf(asRoot)(
    'who swaps a folder and a link all the time never leads a write out of the folder',
    async () => {
      mkdirSync(at('home'))
      mkdirSync(at('outside'))
      chmodSync(dir, 0o755)
      chmodSync(at('outside'), 0o777)
      chownSync(at('home'), STRANGER, STRANGER)
      const script = `
      const fs = require('fs'); process.chdir(${JSON.stringify(at('home'))})
      fs.mkdirSync('work'); fs.symlinkSync(${JSON.stringify(at('outside'))}, 'evil'); console.log('ready')
      for (;;) { fs.renameSync('work', 'kept'); fs.renameSync('evil', 'work'); fs.renameSync('work', 'evil'); fs.renameSync('kept', 'work') }`
      const swapper = spawn(process.execPath, ['-e', script], {
        uid: STRANGER,
        gid: STRANGER,
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      try {
        await new Promise((resolve) => {
          swapper.stdout.once('data', resolve)
        })
        const seen: Record<string, number> = {}
        const path = at('home', 'work', 'file')
        for (let i = 0; i < TRIES; i++) {
          const code = await attempt(path, i)
          seen[code] = (seen[code] ?? 0) + 1
        }
        expect(readdirSync(at('outside'))).toEqual([])
        // The race was on: some writes went well, and some met the link or nothing.
        expect(Object.keys(seen).toSorted()).toEqual(expect.arrayContaining(['E_PATH', 'done']))
      } finally {
        swapper.kill('SIGKILL')
      }
    },
    300_000,
  )

  async function attempt(path: string, i: number): Promise<string> {
    try {
      if (i % 50 === 0) host.mkdir(`${path}-${i}`, own)
      else if (i % 4 === 1) host.symlink(`${path}-link`, '/etc/passwd')
      else {
        const staged = host.stage(path, own)
        staged.write(Buffer.from('x'))
        await staged.commit()
      }
      return 'done'
    } catch (error) {
      if (error instanceof PolicyError) return error.code
      throw error
    }
  }

  it('cannot have a purge leave its folder', async () => {
    mkdirSync(at('outside'))
    writeFileSync(at('outside', 'precious'), 'x')
    mkdirSync(at('site', 'old', 'deep'), { recursive: true })
    writeFileSync(at('site', 'old', 'deep', 'file'), 'old')
    symlinkSync(at('outside'), at('site', 'link'))
    symlinkSync(at('outside'), at('site', 'old', 'link'))
    const content = bundle({ 'files/a': 'a', 'files/sub/run.sh': '#!/bin/sh\n', 'files/empty': '' })
    const site = file('site', { path: at('site'), directory: true, source: 'files', purge: true })
    const kept = file('kept', { path: at('site', 'old', 'kept'), content: 'another resource wants it' })
    const first = await converge([site, kept], content)
    expect(first.outcomes.map(({ state }) => state)).toEqual(['changed', 'changed'])
    expect(readdirSync(at('site'), { recursive: true, encoding: 'utf8' }).sort()).toEqual([
      'a',
      'empty',
      'old',
      'old/kept',
      'sub',
      'sub/run.sh',
    ])
    expect(readdirSync(at('outside'))).toEqual(['precious'])
    expect(lstatSync(at('site', 'sub', 'run.sh')).mode & 0o777).toBe(0o755)
    expect((await converge([site, kept], content, first.memory)).outcomes.map(({ state }) => state)).toEqual([
      'kept',
      'kept',
    ])
    expect([...first.watch.keys()]).toContain(at('site', 'sub', 'run.sh'))
  })
})

describe('a write that does not end well', () => {
  it('leaves the old content if validation refuses the new one', async () => {
    writeFileSync(at('sudoers'), 'good\n')
    const wanted = (content: string): ResolvedResource =>
      file('sudoers', { path: at('sudoers'), content, mode: '0440', validate: ['grep', '-q', 'good', '{file}'] })
    const bad = await converge([wanted('evil\n')])
    expect(bad.outcomes[0]).toMatchObject({ state: 'failed', code: 'E_VALIDATE' })
    expect(readdirSync(dir)).toEqual(['backup', 'sudoers'])
    expect(readFileSync(at('sudoers'), 'utf8')).toBe('good\n')
    expect((await converge([wanted('good and new\n')])).outcomes[0]?.state).toBe('changed')
    expect([readFileSync(at('sudoers'), 'utf8'), lstatSync(at('sudoers')).mode & 0o777]).toEqual([
      'good and new\n',
      0o440,
    ])
  })

  it.runIf(asRoot)('leaves the old content on a full disk, and says so', async () => {
    mkdirSync(at('disk'))
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', at('disk')])
    try {
      writeFileSync(at('disk', 'config'), 'old\n')
      const { outcomes } = await converge([
        file('config', { path: at('disk', 'config'), content: 'x'.repeat(1_000_000) }),
        file('other', { path: at('other'), content: 'goes on' }),
      ])
      expect(outcomes.map(({ state, code }) => [state, code])).toEqual([
        ['failed', 'E_NO_SPACE'],
        ['changed', undefined],
      ])
      expect([readdirSync(at('disk')), readFileSync(at('disk', 'config'), 'utf8')]).toEqual([['config'], 'old\n'])
      execFileSync('mount', ['-o', 'remount,ro', at('disk')])
      const readOnly = await converge([file('config', { path: at('disk', 'config'), content: 'new' })])
      expect(readOnly.outcomes[0]).toMatchObject({ state: 'failed', code: 'E_READ_ONLY' })
    } finally {
      execFileSync('umount', [at('disk')])
    }
  })

  it('leaves a whole file when it is killed, and no trace after the next start', async () => {
    const script = `
      const { openHost } = await import(${JSON.stringify(new URL('host.ts', import.meta.url).href)})
      const host = openHost({ backupDir: ${JSON.stringify(at('backup'))} })
      console.log('ready')
      for (let i = 0; ; i++) {
        const staged = host.stage(${JSON.stringify(at('file'))}, ${JSON.stringify(own)})
        for (let n = 0; n < 50; n++) staged.write(Buffer.alloc(10_000, 65 + (i % 26)))
        await staged.commit()
      }`
    for (let round = 0; round < 6; round++) {
      const writer = spawn(process.execPath, ['--input-type=module', '-e', script], {
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      await new Promise((resolve) => {
        writer.stdout.once('data', resolve)
      })
      await sleep(60 + round * 7)
      const ended = new Promise((resolve) => {
        writer.once('exit', resolve)
      })
      writer.kill('SIGKILL')
      await ended
      if (!existsSync(at('file'))) continue
      const content = readFileSync(at('file'))
      expect([content.length, new Set(content).size]).toEqual([500_000, 1])
    }
    host.cleanTemporary(dir)
    expect(readdirSync(dir).filter((name) => name.startsWith('.chorus-'))).toEqual([])
  }, 60_000)
})

describe('a large file', () => {
  it('of 1 GiB is compared in pieces, whatever memory there is', async () => {
    const [size, piece] = [1024 ** 3, 256 * 1024]
    const fd = openSync(at('image'), 'w')
    ftruncateSync(fd, size)
    closeSync(fd)
    const chunk = cidOf(new Uint8Array(piece))
    const image: BundleFile = {
      path: 'image',
      size,
      executable: false,
      chunks: Array.from({ length: size / piece }, () => chunk),
    }
    const content = { ...noContent, file: () => image }
    const before = process.memoryUsage().rss
    const { outcomes } = await converge([file('image', { path: at('image'), source: 'image' })], content)
    expect(outcomes[0]?.state).toBe('kept')
    expect(process.memoryUsage().rss - before).toBeLessThan(200 * 1024 ** 2)
  }, 120_000)
})

describe('what was overwritten', () => {
  it('comes back when nobody wants the new content any more', async () => {
    const large = 'original\n'.repeat(300_000)
    writeFileSync(at('small'), 'original\n', { mode: 0o600 })
    writeFileSync(at('large'), large)
    const resources = ['small', 'large', 'fresh'].map((name) =>
      file(name, { path: at(name), content: 'new\n' }, 'undo'),
    )
    const { memory } = await converge(resources)
    expect(readdirSync(at('backup')).filter((name) => /^[0-9a-f]{64}$/.test(name))).toHaveLength(2)
    expect(lstatSync(at('backup')).mode & 0o777).toBe(0o700)
    const undone = await converge([], noContent, memory)
    expect(undone.outcomes.map(({ state }) => state)).toEqual(['changed', 'changed', 'changed'])
    expect([readFileSync(at('small'), 'utf8'), lstatSync(at('small')).mode & 0o777]).toEqual(['original\n', 0o600])
    expect([readFileSync(at('large'), 'utf8') === large, existsSync(at('fresh'))]).toEqual([true, false])
  })
})
