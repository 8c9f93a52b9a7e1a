import { spawn } from 'node:child_process'
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { parseConfig, readConfig } from './config.ts'
import { openStateFolder } from './folder.ts'
import { newSeed, readKeyFile, writeKeyFile } from './keyfile.ts'
import { stateDir } from './paths.ts'
import type { StateFolder } from './types.ts'

const dirs: string[] = []
const opened: StateFolder[] = []

function folder(): string {
  const dir = mkdtempSync(join(tmpdir(), 'chorus-state-'))
  dirs.push(dir)
  return dir
}

function open(dir: string, create = true): StateFolder {
  const state = openStateFolder(dir, { create })
  opened.push(state)
  return state
}

afterEach(() => {
  for (const state of opened.splice(0)) state.close()
  for (const dir of dirs.splice(0)) rmSync(dir, { recursive: true, force: true })
})

const folderModule = new URL('./folder.ts', import.meta.url).pathname
/** A process that opens the folder, says so, and stays. */
const holder = (dir: string): string =>
  `import { openStateFolder } from ${JSON.stringify(folderModule)}
   openStateFolder(${JSON.stringify(dir)}, { create: true })
   console.log('open')
   setInterval(() => {}, 1000)`

describe('the state folder', () => {
  it('is made with a private key that only its owner can read, and opens again with the same key', () => {
    const dir = join(folder(), 'a/b')
    const first = open(dir)
    expect(statSync(dir).mode & 0o777).toBe(0o700)
    expect(statSync(first.paths.key).mode & 0o777).toBe(0o600)
    first.close()
    const second = open(dir, false)
    expect(second.key).toBe(first.key)
    expect(second.config.listen).toEqual(['/ip4/0.0.0.0/tcp/7731'])
    expect(readdirSync(dir).filter((name) => name.endsWith('.tmp'))).toEqual([])
  })

  it('says what to do when there is no node yet, and makes nothing', () => {
    const dir = join(folder(), 'none')
    expect(() => open(dir, false)).toThrow(/chorus init NAME.*chorus join TOKEN/)
    expect(existsSync(dir)).toBe(false)
  })

  it('belongs to one daemon: a second one is told the pid', async () => {
    const dir = folder()
    const child = spawn(process.execPath, ['--input-type=module', '-e', holder(dir)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    await new Promise((resolve) => child.stdout.once('data', resolve))
    expect(() => open(dir)).toThrow(
      expect.objectContaining({ code: 'E_LOCKED', message: expect.stringContaining(`pid ${child.pid}`) }),
    )
    const ended = new Promise((resolve) => child.once('close', resolve))
    child.kill('SIGKILL')
    await ended
    // What a killed daemon leaves behind does not block the next one.
    expect(existsSync(join(dir, 'daemon.pid'))).toBe(true)
    expect(open(dir).dir).toBe(dir)
  }, 30_000)

  it('belongs to one opener even within one process', () => {
    const dir = folder()
    open(dir)
    expect(() => open(dir)).toThrow(expect.objectContaining({ code: 'E_LOCKED' }))
  })

  it('lets exactly one of several daemons that start at once have the folder', async () => {
    const dir = folder()
    open(dir).close()
    const script = `
      import { openStateFolder } from ${JSON.stringify(folderModule)}
      try { openStateFolder(${JSON.stringify(dir)}); console.log('got it') } catch (error) { console.log(error.code) }
      setInterval(() => {}, 1000)`
    const children = Array.from({ length: 5 }, () =>
      spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] }),
    )
    const said = await Promise.all(
      children.map(
        async (child) =>
          await new Promise<string>((resolve) => child.stdout.once('data', (data) => resolve(String(data).trim()))),
      ),
    )
    for (const child of children) child.kill('SIGKILL')
    expect(said.sort()).toEqual(['E_LOCKED', 'E_LOCKED', 'E_LOCKED', 'E_LOCKED', 'got it'])
  }, 30_000)

  it('refuses a folder that others can write and a key that others can read', () => {
    const dir = folder()
    open(dir).close()
    chmodSync(join(dir, 'node.key'), 0o644)
    expect(() => open(dir)).toThrow(/chmod 600/)
    chmodSync(join(dir, 'node.key'), 0o600)
    chmodSync(dir, 0o777)
    expect(() => open(dir)).toThrow(/chmod 700/)
  })

  it('is found by --state, then by the usual places', () => {
    expect(stateDir('/srv/x')).toBe('/srv/x')
    const usual = process.getuid?.() === 0 ? '/var/lib/chorus' : join(homedir(), '.local/state/chorus')
    expect(stateDir(undefined, {})).toBe(usual)
  })
})

describe('key files', () => {
  it('round-trip, with and without a passphrase, and are never overwritten', () => {
    const dir = folder()
    const seed = newSeed()
    const plain = writeKeyFile(join(dir, 'a.key'), seed)
    expect(readKeyFile(join(dir, 'a.key'))).toEqual({ key: plain.key, seed: new Uint8Array(seed) })
    writeKeyFile(join(dir, 'b.key'), seed, 'open sesame')
    expect(readKeyFile(join(dir, 'b.key'), 'open sesame').key).toBe(plain.key)
    expect(() => readKeyFile(join(dir, 'b.key'), 'wrong')).toThrow(/passphrase/)
    expect(() => readKeyFile(join(dir, 'b.key'))).toThrow(/passphrase/)
    expect(() => writeKeyFile(join(dir, 'a.key'), newSeed())).toThrow(/exists already/)
    expect(readKeyFile(join(dir, 'a.key')).key).toBe(plain.key)
    expect(readFileSync(join(dir, 'b.key'), 'utf8')).toContain('ENCRYPTED')
  })

  it('refuses what is no key', () => {
    const dir = folder()
    writeFileSync(join(dir, 'junk.key'), 'junk', { mode: 0o600 })
    expect(() => readKeyFile(join(dir, 'junk.key'))).toThrow(expect.objectContaining({ code: 'E_STATE' }))
    expect(() => readKeyFile(join(dir, 'none.key'))).toThrow(/missing/)
  })
})

describe('chorus.yaml', () => {
  it('has defaults for everything', () => {
    expect(readConfig(join(folder(), 'none.yaml'))).toMatchObject({
      listen: ['/ip4/0.0.0.0/tcp/7731'],
      gossip: true,
      presence: 'always',
    })
    expect(parseConfig('listen: []\nmdns: false\n', 'x').listen).toEqual([])
  })

  const wrong: [string, string, RegExp][] = [
    ['an unknown key', 'lisen: []', /lisen/],
    ['a value of the wrong type', 'mdns: 3', /mdns/],
    ['text that is no multiaddr', 'bootstrap: ["10.0.0.1:7731"]', /bootstrap\.0: is no multiaddr/],
    ['a duplicate key', 'dht: true\ndht: false', /unique/i],
    ['an alias bomb', 'a: &a [1]\nlisten: [*a, *a]', /alias/i],
    ['broken YAML', 'listen: [', /line 1/],
    ['a list instead of settings', '- 1', /the file/],
  ]
  it.each(wrong)('refuses %s', (_what, text, message) => {
    expect(() => parseConfig(text, 'chorus.yaml')).toThrow(
      expect.objectContaining({ code: 'E_CONFIG', message: expect.stringMatching(message) }),
    )
  })
})
