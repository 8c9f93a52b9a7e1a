import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { folderSource } from './folder.ts'
import { gitMeta, withoutCredentials } from './git.ts'

const top = mkdtempSync(join(tmpdir(), 'chorus-folder-'))
afterAll(() => rmSync(top, { recursive: true }))
let dir = ''
let n = 0
beforeEach(() => {
  dir = join(top, `${n++}`)
  mkdirSync(dir)
  writeFileSync(join(dir, 'policy.yaml'), 'policy: a/b\n')
})
const names = (): string[] => folderSource(dir).files.map((file) => file.path)

describe('a policy folder', () => {
  it('lists its files by name, in any depth, without version control', () => {
    mkdirSync(join(dir, 'files', 'deep'), { recursive: true })
    mkdirSync(join(dir, '.git'))
    writeFileSync(join(dir, '.git', 'config'), '')
    writeFileSync(join(dir, 'files', 'deep', 'run.sh'), '#!/bin/sh\n')
    chmodSync(join(dir, 'files', 'deep', 'run.sh'), 0o755)
    expect(folderSource(dir).files.map(({ path, size, executable }) => [path, size, executable])).toEqual([
      ['files/deep/run.sh', 10, true],
      ['policy.yaml', 12, false],
    ])
  })

  it('reads a part of a file, and less only at its end', () => {
    const [file] = folderSource(dir).files
    expect(Buffer.from(file?.read(8, 2) ?? []).toString()).toBe('a/')
    expect(Buffer.from(file?.read(10, 100) ?? []).toString()).toBe('b\n')
  })

  it('follows a link inside, and marks one that leaves', () => {
    symlinkSync('policy.yaml', join(dir, 'in'))
    symlinkSync('/etc/passwd', join(dir, 'out'))
    symlinkSync('../escape', join(dir, 'up'))
    symlinkSync('loop', join(dir, 'loop'))
    const links = Object.fromEntries(folderSource(dir).files.map((file) => [file.path, file.link]))
    expect(links).toEqual({ in: 'inside', loop: 'outside', out: 'outside', 'policy.yaml': undefined, up: 'outside' })
  })

  it('never reads through a link that was put there after listing', () => {
    const { files } = folderSource(dir)
    rmSync(join(dir, 'policy.yaml'))
    symlinkSync('/etc/passwd', join(dir, 'policy.yaml'))
    expect(() => files[0]?.read(0, 10)).toThrow(/ELOOP/)
  })

  it('refuses a pipe, which could hang, and a file instead of a folder', () => {
    execFileSync('mkfifo', [join(dir, 'pipe')])
    expect(names).toThrow(expect.objectContaining({ code: 'E_SOURCE' }))
    expect(() => folderSource(join(dir, 'policy.yaml'))).toThrow(expect.objectContaining({ code: 'E_SOURCE' }))
    expect(() => folderSource(join(dir, 'none'))).toThrow(expect.objectContaining({ code: 'E_SOURCE' }))
  })

  it('reaches the folders beside it, which a policy extends', () => {
    mkdirSync(join(dir, '..', 'base'))
    writeFileSync(join(dir, '..', 'base', 'policy.yaml'), 'policy: a/base\n')
    const source = folderSource(dir)
    expect(source.sibling?.('../base')?.files.map((file) => file.path)).toEqual(['policy.yaml'])
    expect(source.sibling?.('../none')).toBeUndefined()
    expect(source.sibling?.('policy.yaml')).toBeUndefined()
  })

  it('refuses hundreds of levels', () => {
    mkdirSync(join(dir, ...Array.from({ length: 40 }, () => 'd')), { recursive: true })
    expect(names).toThrow(expect.objectContaining({ code: 'E_SOURCE' }))
  })
})

describe('git metadata', () => {
  const git = (...args: string[]): void =>
    void execFileSync('git', ['-C', dir, '-c', 'user.name=t', '-c', 'user.email=t@example.org', ...args], {
      stdio: 'ignore',
    })

  it('names remote, commit, and whether the folder differs', async () => {
    expect(await gitMeta(dir)).toEqual({ repo: '', commit: '', dirty: false })
    git('init', '-q')
    git('remote', 'add', 'origin', 'https://user:secret@example.org/x.git')
    git('add', '.')
    git('commit', '-qm', 'one')
    const meta = await gitMeta(dir)
    expect(meta).toEqual({
      repo: 'https://example.org/x.git',
      commit: expect.stringMatching(/^[0-9a-f]{40}$/),
      dirty: false,
    })
    writeFileSync(join(dir, 'new'), '')
    expect((await gitMeta(dir)).dirty).toBe(true)
  })

  it('never carries credentials', () => {
    expect(withoutCredentials('https://token@host/x')).toBe('https://host/x')
    expect(withoutCredentials('git@host:x.git')).toBe('git@host:x.git')
  })
})
