import {
  chmodSync,
  lchownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
  chownSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execFileSync } from 'node:child_process'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { PolicyError, type HostPort } from '../../policies/index.ts'
import { HOST_LIMITS } from '../limits.ts'
import { openHost } from './host.ts'

const asRoot = process.getuid?.() === 0
/** Nobody on this machine. */
const STRANGER = 61_234

let dir = ''
let host: HostPort
const at = (...parts: string[]): string => join(dir, ...parts)
const own = { mode: 0o644, uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 }

beforeEach(() => {
  dir = realpathSync(mkdtempSync(join(tmpdir(), 'chorus-host-')))
  host = openHost({ backupDir: at('backup') })
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

async function write(path: string, content: string, attributes = own): Promise<void> {
  const staged = host.stage(path, attributes)
  staged.write(Buffer.from(content))
  await staged.commit()
}

function codeOf(work: () => unknown): string {
  try {
    work()
    return 'none'
  } catch (error) {
    return error instanceof PolicyError ? error.code : String(error)
  }
}

describe('writing', () => {
  it('replaces a file at once, with owner and mode already set, and leaves nothing beside it', async () => {
    writeFileSync(at('file'), 'old')
    const before = lstatSync(at('file')).ino
    const staged = host.stage(at('file'), { ...own, mode: 0o640 })
    staged.write(Buffer.from('ne'))
    staged.write(Buffer.from('w'))
    expect(readFileSync(staged.path, 'utf8')).toBe('new')
    expect([lstatSync(staged.path).mode & 0o777, readFileSync(at('file'), 'utf8')]).toEqual([0o640, 'old'])
    await staged.commit()
    await host.flush()
    expect([readFileSync(at('file'), 'utf8'), lstatSync(at('file')).mode & 0o777]).toEqual(['new', 0o640])
    expect(lstatSync(at('file')).ino).not.toBe(before)
    expect(readdirSync(dir)).toEqual(['file'])
  })

  it('leaves the old file when the new one is discarded or cannot take its place', async () => {
    writeFileSync(at('file'), 'old')
    host.stage(at('file'), own).discard()
    mkdirSync(at('folder'))
    const staged = host.stage(at('folder'), own)
    await expect(async () => await staged.commit()).rejects.toMatchObject({ code: 'E_IN_THE_WAY' })
    expect(readdirSync(dir).sort()).toEqual(['file', 'folder'])
    expect(readFileSync(at('file'), 'utf8')).toBe('old')
  })

  it('says what is wrong in the words of the port', () => {
    mkdirSync(at('full', 'inner'), { recursive: true })
    writeFileSync(at('file'), '12345')
    expect(codeOf(() => host.stage(at('no', 'file'), own))).toBe('E_NOT_FOUND')
    expect(codeOf(() => host.stage(at('file', 'file'), own))).toBe('E_NOT_FOUND')
    expect(codeOf(() => host.rmdir(at('full')))).toBe('E_IN_THE_WAY')
    expect(codeOf(() => host.mkdir(at('full'), own))).toBe('E_IN_THE_WAY')
    expect(codeOf(() => host.readFile(at('file'), 4))).toBe('E_TOO_LARGE')
    expect(codeOf(() => host.readFile(at('full'), 4))).toBe('E_IN_THE_WAY')
    expect(codeOf(() => host.readdir(dir, 1))).toBe('E_TOO_LARGE')
    expect(host.lstat(at('file', 'x'))).toBeNull()
    expect(host.lstat('/')?.kind).toBe('folder')
  })

  it('never blocks on a pipe in the place of a file', () => {
    execFileSync('mkfifo', [at('pipe')])
    expect(host.lstat(at('pipe'))?.kind).toBe('other')
    expect(codeOf(() => host.readFile(at('pipe'), 10))).toBe('E_IN_THE_WAY')
  })

  it('removes what a killed writer left, and not what is being written', () => {
    writeFileSync(at('.chorus-4194304999-abc'), 'torn')
    writeFileSync(at('.chorus-notes'), 'somebody else wrote this')
    const staged = host.stage(at('file'), own)
    expect(host.cleanTemporary(dir)).toBe(2)
    expect(readdirSync(dir)).toEqual([staged.path.slice(dir.length + 1)])
    staged.discard()
    expect(host.cleanTemporary(at('missing'))).toBe(0)
  })
})

describe('links', () => {
  it('passes links of its own user and of root, and replaces a link instead of what it leads to', async () => {
    mkdirSync(at('real'))
    writeFileSync(at('real', 'target'), 'untouched')
    symlinkSync('real', at('alias'))
    symlinkSync('real/target', at('link'))
    await write(at('alias', 'file'), 'through')
    await write(at('link'), 'in place of the link')
    expect(readFileSync(at('real', 'file'), 'utf8')).toBe('through')
    expect([readFileSync(at('real', 'target'), 'utf8'), lstatSync(at('link')).isFile()]).toEqual(['untouched', true])
    symlinkSync('loop', at('loop'))
    expect(codeOf(() => host.lstat(at('loop', 'x')))).toBe('E_PATH')
  })

  it('makes and replaces links in one step', () => {
    host.symlink(at('link'), 'one')
    host.symlink(at('link'), '../two')
    expect([readlinkSync(at('link')), host.readlink(at('link')), readdirSync(dir)]).toEqual([
      '../two',
      '../two',
      ['link'],
    ])
  })

  it.runIf(asRoot)('refuses to pass a link of another user, in any component', async () => {
    mkdirSync(at('outside'))
    mkdirSync(at('home'))
    symlinkSync(at('outside'), at('home', 'evil'))
    lchownSync(at('home', 'evil'), STRANGER, STRANGER)
    symlinkSync('home/evil', at('trusted'))
    expect(codeOf(() => host.stage(at('home', 'evil', 'file'), own))).toBe('E_PATH')
    expect(codeOf(() => host.stage(at('trusted', 'file'), own))).toBe('E_PATH')
    expect(codeOf(() => host.mkdir(at('home', 'evil', 'deep'), own))).toBe('E_PATH')
    expect(host.lstat(at('home', 'evil'))?.kind).toBe('link')
    expect(readdirSync(at('outside'))).toEqual([])
    await write(at('home', 'evil'), 'a file in its place')
    expect(readdirSync(at('outside'))).toEqual([])
  })

  it('notices that a folder it knows was replaced', async () => {
    mkdirSync(at('a'))
    await write(at('a', 'file'), 'one')
    renameSync(at('a'), at('b'))
    mkdirSync(at('a'))
    await write(at('a', 'file'), 'two')
    expect([readFileSync(at('a', 'file'), 'utf8'), readFileSync(at('b', 'file'), 'utf8')]).toEqual(['two', 'one'])
  })

  it.runIf(asRoot)('leaves the mode of a file alone that has a second name, in a folder of another user', () => {
    mkdirSync(at('home'))
    writeFileSync(at('shadow'), 'secret', { mode: 0o600 })
    linkSync(at('shadow'), at('home', 'notes'))
    chownSync(at('home'), STRANGER, STRANGER)
    expect(codeOf(() => host.chmod(at('home', 'notes'), 0o666))).toBe('E_PATH')
    expect(codeOf(() => host.chown(at('home', 'notes'), STRANGER, STRANGER))).toBe('E_PATH')
    expect([lstatSync(at('shadow')).mode & 0o777, lstatSync(at('shadow')).uid]).toEqual([0o600, 0])
  })

  it('keeps more folders in use than it may hold open', async () => {
    const count = HOST_LIMITS.foldersOpen + 20
    const staged = Array.from({ length: count }, (_, i) => {
      mkdirSync(at(`d${i}`))
      return host.stage(at(`d${i}`, 'file'), own)
    })
    for (const one of staged) await one.commit()
    await host.flush()
    expect(readdirSync(at('d0'))).toEqual(['file'])
    expect(readdirSync('/proc/self/fd').length).toBeLessThan(count + 100)
  })
})

describe('a confined view', () => {
  it('stays in its folders, with the links on the way resolved', async () => {
    mkdirSync(at('app'))
    mkdirSync(at('etc'))
    writeFileSync(at('etc', 'passwd'), 'root')
    symlinkSync('../etc', at('app', 'etc'))
    symlinkSync('app', at('alias'))
    const confined = host.confined([at('app'), at('later', 'x')])
    expect(codeOf(() => confined.readFile(at('etc', 'passwd'), 10))).toBe('E_PATH')
    expect(codeOf(() => confined.stage(at('app', 'etc', 'passwd'), own))).toBe('E_PATH')
    expect(codeOf(() => confined.unlink(at('app', 'etc', 'passwd')))).toBe('E_PATH')
    expect(codeOf(() => confined.mkdir(at('application'), own))).toBe('E_PATH')
    expect(codeOf(() => confined.lstat(at('app', 'x')))).toBe('none')
    const through = confined.stage(at('alias', 'file'), own)
    through.write(Buffer.from('x'))
    await through.commit()
    expect(readdirSync(at('app')).sort()).toEqual(['etc', 'file'])
    expect(codeOf(() => host.confined([at('alias')]).lstat(at('app', 'file')))).toBe('none')
  })
})

describe('mode and owner', () => {
  it('are set on files, folders and what cannot be read', () => {
    writeFileSync(at('file'), '', { mode: 0o000 })
    host.chmod(at('file'), 0o4711)
    host.mkdir(at('folder'), { ...own, mode: 0o2750 })
    expect([host.lstat(at('file'))?.mode, host.lstat(at('folder'))?.mode]).toEqual([0o4711, 0o2750])
    symlinkSync('file', at('link'))
    expect(codeOf(() => host.chmod(at('link'), 0o777))).toBe('E_IN_THE_WAY')
  })

  it.runIf(asRoot)(
    'belong to whom the policy says, links included, also in a folder that gives its group',
    async () => {
      symlinkSync('x', at('link'))
      host.chown(at('link'), STRANGER, STRANGER)
      mkdirSync(at('shared'))
      chownSync(at('shared'), 0, STRANGER)
      chmodSync(at('shared'), 0o2775)
      await write(at('shared', 'file'), 'x')
      await write(at('file'), 'x', { mode: 0o4755, uid: STRANGER, gid: STRANGER })
      expect([host.lstat(at('link'))?.uid, host.lstat(at('shared', 'file'))?.gid]).toEqual([STRANGER, 0])
      expect(host.lstat(at('file'))).toMatchObject({ uid: STRANGER, gid: STRANGER, mode: 0o4755 })
    },
  )

  it('knows the accounts of this machine', () => {
    expect([host.uidOf('root'), host.gidOf('root'), host.userName(0)]).toEqual([0, 0, 'root'])
    expect([host.uidOf('no-such-user'), host.gidOf('--help'), host.userName(STRANGER)]).toEqual([
      null,
      null,
      String(STRANGER),
    ])
  })
})
