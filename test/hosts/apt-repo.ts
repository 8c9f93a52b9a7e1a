import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

/** A Debian package that is made for a test. */
export interface TestPackage {
  readonly name: string
  readonly version: string
  /** Path on the host to content; what lies in a `bin` or `sbin` is executable. */
  readonly files?: Readonly<Record<string, string>>
  /** Lines of `DEBIAN/control`, such as `Depends: other`. */
  readonly control?: readonly string[]
  /** Scripts by name, such as `postinst`. */
  readonly scripts?: Readonly<Record<string, string>>
}

/** A repository of packages in a folder, with a Release that a key of its own has signed. */
export class AptRepository {
  readonly dir: string
  /** The public half, armoured. */
  readonly key: string
  readonly #gnupg = mkdtempSync(join(tmpdir(), 'chorus-gpg-'))

  constructor(dir: string) {
    this.dir = dir
    mkdirSync(join(dir, 'pool'), { recursive: true })
    chmodSync(this.#gnupg, 0o700)
    this.#gpg('--quick-gen-key', '--passphrase', '', 'Chorus test repository', 'ed25519', 'sign', 'never')
    this.key = this.#gpg('--armor', '--export').toString()
  }

  add(...packages: readonly TestPackage[]): void {
    for (const one of packages) this.#build(one)
    this.#release()
  }

  remove(): void {
    rmSync(this.#gnupg, { recursive: true, force: true })
  }

  #build({ name, version, files = {}, control = [], scripts = {} }: TestPackage): void {
    const tree = mkdtempSync(join(tmpdir(), 'chorus-deb-'))
    chmodSync(tree, 0o755)
    const put = (path: string, content: string, mode: number): void => {
      const full = join(tree, path)
      mkdirSync(dirname(full), { recursive: true })
      writeFileSync(full, content)
      chmodSync(full, mode)
    }
    const fields = [
      `Package: ${name}`,
      `Version: ${version}`,
      'Architecture: all',
      'Maintainer: Chorus <chorus@example.org>',
    ]
    put('DEBIAN/control', `${[...fields, 'Description: made for a test', ...control].join('\n')}\n`, 0o644)
    for (const [script, content] of Object.entries(scripts)) put(`DEBIAN/${script}`, content, 0o755)
    for (const [path, content] of Object.entries(files)) put(path, content, /\/s?bin\//.test(path) ? 0o755 : 0o644)
    const etc = Object.keys(files).filter((path) => path.startsWith('/etc/'))
    if (etc.length > 0) put('DEBIAN/conffiles', `${etc.join('\n')}\n`, 0o644)
    const file = join(this.dir, 'pool', `${name}_${version.replace(':', '%3a')}_all.deb`)
    execFileSync('dpkg-deb', ['--root-owner-group', '-Znone', '--build', tree, file], { stdio: 'pipe' })
    rmSync(tree, { recursive: true })
  }

  /** Writes `Packages` and a signed `InRelease` for `deb URI ./`. */
  #release(): void {
    const stanzas = readdirSync(join(this.dir, 'pool')).map((name) => {
      const path = join(this.dir, 'pool', name)
      const bytes = readFileSync(path)
      const control = execFileSync('dpkg-deb', ['--field', path], { encoding: 'utf8' }).trim()
      return `${control}\nFilename: ./pool/${name}\nSize: ${bytes.length}\nSHA256: ${sha256(bytes)}\n`
    })
    const packages = stanzas.join('\n')
    writeFileSync(join(this.dir, 'Packages'), packages)
    const release = [
      'Origin: Chorus test',
      'Suite: test',
      `Date: ${new Date().toUTCString().replace('GMT', 'UTC')}`,
      'SHA256:',
      ` ${sha256(packages)} ${Buffer.byteLength(packages)} Packages`,
      '',
    ]
    writeFileSync(join(this.dir, 'Release'), release.join('\n'))
    this.#gpg('--yes', '--clearsign', '--output', join(this.dir, 'InRelease'), join(this.dir, 'Release'))
  }

  #gpg(...args: string[]): Buffer {
    return execFileSync('gpg', ['--homedir', this.#gnupg, '--batch', '--pinentry-mode', 'loopback', ...args], {
      stdio: 'pipe',
    })
  }
}

function sha256(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex')
}
