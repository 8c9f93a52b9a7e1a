import { createHash } from 'node:crypto'
import { crc32, deflateRawSync, gunzipSync, gzipSync, inflateRawSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { resource } from '../testing/converge.ts'
import { contentOf } from '../testing/contents.ts'
import { Lab } from '../testing/lab.ts'
import { inForce, lines } from '../testing/converge.ts'
import { archive } from './archive.ts'

const sha256 = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest()
const sum = (bytes: Uint8Array): string => `sha256:${Buffer.from(sha256(bytes)).toString('hex')}`
const KEPT = 'kept: as it should be'

interface Member {
  name: string
  content?: string
  type?: string
  target?: string
  mode?: number
}

/** A tar file as GNU tar writes it; names over 100 characters by pax. */
function tar(members: readonly Member[]): Uint8Array {
  const blocks: Buffer[] = []
  const padded = (bytes: Buffer) => Buffer.concat([bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)])
  const add = ({ name, content = '', type = '0', target = '', mode = 0o644 }: Member) => {
    if (Buffer.byteLength(name) > 100) {
      const body = ` path=${name}\n`
      const length = [...Array(9).keys()]
        .map((digits) => body.length + digits)
        .find((n) => String(n).length + body.length === n)
      add({ name: 'pax', type: 'x', content: `${length}${body}` })
    }
    const header = Buffer.alloc(512)
    header.write(name.slice(0, 100), 0)
    header.write(`${mode.toString(8).padStart(7, '0')}\0`, 100)
    header.write(`${Buffer.byteLength(content).toString(8).padStart(11, '0')}\0`, 124)
    header.write('        ', 148)
    header.write(type, 156)
    header.write(target, 157)
    header.write('ustar\x0000', 257)
    header.write(
      `${header
        .reduce((all, byte) => all + byte, 0)
        .toString(8)
        .padStart(6, '0')}\0 `,
      148,
    )
    blocks.push(header, padded(Buffer.from(content)))
  }
  for (const member of members) add(member)
  return Buffer.concat([...blocks, Buffer.alloc(1024)])
}

interface Zipped {
  readonly name: string
  readonly content?: string
  readonly mode?: number
  readonly stored?: boolean
  readonly lie?: Partial<Record<'size' | 'crc', number>>
}

/** A zip file as Info-ZIP writes it on Unix. */
function zip(members: readonly Zipped[]): Uint8Array {
  const bodies: Buffer[] = []
  const directory: Buffer[] = []
  let offset = 0
  for (const { name, content = '', mode = 0o100644, stored = false, lie = {} } of members) {
    const raw = Buffer.from(content)
    const packed = stored ? raw : deflateRawSync(raw)
    const sizes = Buffer.alloc(12)
    sizes.writeUInt32LE(lie.crc ?? crc32(raw), 0)
    sizes.writeUInt32LE(packed.length, 4)
    sizes.writeUInt32LE(lie.size ?? raw.length, 8)
    const common = Buffer.alloc(10)
    common.writeUInt16LE(20, 0)
    common.writeUInt16LE(stored ? 0 : 8, 4)
    const lengths = Buffer.alloc(4)
    lengths.writeUInt16LE(Buffer.byteLength(name), 0)
    const local = Buffer.concat([Buffer.from('PK\x03\x04'), common, sizes, lengths, Buffer.from(name), packed])
    const rest = Buffer.alloc(14)
    rest.writeUInt32LE((mode * 0x10000) >>> 0, 6)
    rest.writeUInt32LE(offset, 10)
    directory.push(Buffer.concat([Buffer.from('PK\x01\x02\x14\x03'), common, sizes, lengths, rest, Buffer.from(name)]))
    bodies.push(local)
    offset += local.length
  }
  const size = directory.reduce((sum, one) => sum + one.length, 0)
  const end = Buffer.alloc(22)
  end.write('PK\x05\x06')
  end.writeUInt16LE(members.length, 10)
  end.writeUInt32LE(size, 12)
  end.writeUInt32LE(offset, 16)
  return Buffer.concat([...bodies, ...directory, end])
}

const SHOP = tar([
  { name: 'shop-1/', type: '5', mode: 0o755 },
  { name: 'shop-1/bin/shop', content: '#!/bin/sh\n', mode: 0o4755 },
  { name: `shop-1/${'long/'.repeat(30)}name`, content: 'x'.repeat(2000) },
  { name: 'shop-1/lib/a', content: 'a', mode: 0o600 },
  { name: 'shop-1/lib/b', type: '2', target: '../bin/shop' },
  { name: 'shop-1/lib/c', type: '1', target: 'shop-1/lib/a' },
])

function setup(files: Record<string, Uint8Array>, urls: Record<string, Uint8Array> = {}) {
  const lab = new Lab({
    sha256,
    fetch: (url) => urls[url] as Uint8Array,
    gunzip: (bytes) => gunzipSync(bytes),
    inflate: (bytes) => inflateRawSync(bytes),
  })
  const content = contentOf(files, sha256)
  const all = async (...resources: ReturnType<typeof resource>[]) =>
    lines((await lab.runs.run([inForce('p', resources)], { content })).outcomes)
  const one = async (attrs: Parameters<typeof resource>[2], key = 'archive/shop', common = {}) =>
    (await all(resource('p', key, attrs, common)))
      .find((line) => line.startsWith(`p ${key}`))
      ?.slice(`p ${key} `.length) ?? ''
  const tree = () => [...lab.host.tree.things.keys()].filter((path) => path.startsWith('/srv/')).sort()
  return { lab, one, all, tree }
}

describe('an archive', () => {
  const files = { 'shop.tgz': gzipSync(SHOP), 'two.tar': tar([{ name: 'two', content: '2' }]) }
  const ATTRS = { source: 'shop.tgz', path: '/srv/shop/1.10', strip: 1, creates: 'bin/shop' }

  it('is unpacked once, without what only root may have', async () => {
    const { lab, one, tree } = setup(files)
    expect(await one(ATTRS)).toBe('changed wanted: unpack shop.tgz')
    expect(lab.text('/srv/shop/1.10/bin/shop')).toBe('#!/bin/sh\n')
    expect(lab.host.lstat('/srv/shop/1.10/bin/shop')?.mode).toBe(0o755)
    expect(lab.text(`/srv/shop/1.10/${'long/'.repeat(30)}name`)).toHaveLength(2000)
    expect(lab.host.readlink('/srv/shop/1.10/lib/b')).toBe('../bin/shop')
    expect(lab.text('/srv/shop/1.10/lib/c')).toBe('a')
    expect(tree().filter((path) => path.includes('.chorus-'))).toEqual([])
    expect(await one(ATTRS)).toBe(KEPT)
    lab.host.unlink('/srv/shop/1.10/bin/shop')
    expect(await one(ATTRS)).toBe('repaired corrective: unpack shop.tgz again')
    expect(lab.text('/srv/shop/1.10/bin/shop')).toBe('#!/bin/sh\n')
  })

  it('replaces the one before it, and never files of others', async () => {
    const { lab, one, tree } = setup(files)
    await one(ATTRS)
    await one({ source: 'two.tar', path: '/srv/shop/1.10' })
    expect(tree()).toEqual(['/srv/shop', '/srv/shop/1.10', '/srv/shop/1.10/.unpacked-by-chorus', '/srv/shop/1.10/two'])
    lab.host.mkdir('/srv/mine', { mode: 0o755, uid: 0, gid: 0 })
    lab.put('/srv/mine/file', 'x')
    expect(await one({ source: 'two.tar', path: '/srv/mine' })).toContain('E_IN_THE_WAY')
  })

  it('keeps the newest few beside each other, and the one that a link leads to', async () => {
    const { lab, one, tree } = setup(files)
    for (const version of ['1', '2', '3', '4', '5']) {
      lab.ms += 1000
      if (version === '3') lab.host.symlink('/srv/shop/current', '/srv/shop/1')
      await one({ source: 'two.tar', path: `/srv/shop/${version}`, keep: 2 })
    }
    expect(tree().filter((path) => path.endsWith('two'))).toEqual([
      '/srv/shop/1/two',
      '/srv/shop/4/two',
      '/srv/shop/5/two',
    ])
  })

  it('goes with its policy, if the policy says so', async () => {
    const { one, all, tree } = setup(files)
    await one(ATTRS, 'archive/shop', { onRemove: 'undo' })
    await all()
    expect(tree()).toEqual(['/srv/shop'])
  })

  it.each<[string, Member[], string]>([
    ['a name that goes up', [{ name: '../evil', content: 'x' }], 'would leave its folder'],
    ['a name in the middle of which it goes up', [{ name: 'a/../../evil', content: 'x' }], 'would leave its folder'],
    ['an absolute name', [{ name: '/etc/evil', content: 'x' }], 'would leave its folder'],
    ['a link to an absolute path', [{ name: 'a', type: '2', target: '/etc' }], 'leads out of the archive'],
    ['a link that leads up', [{ name: 'a/b', type: '2', target: '../../etc' }], 'leads out of the archive'],
    [
      'a link that leads up through another',
      [
        { name: 'd/l', type: '2', target: '..' },
        { name: 'm', type: '2', target: 'd/l/..' },
      ],
      'leads out',
    ],
    [
      'a member behind a link',
      [
        { name: 'a', type: '2', target: 'b' },
        { name: 'a/evil', content: 'x' },
      ],
      'behind a link',
    ],
    ['a hard link to what is not in it', [{ name: 'a', type: '1', target: 'etc/shadow' }], 'no file of the archive'],
    [
      'a hard link to a link',
      [
        { name: 'l', type: '2', target: 'x' },
        { name: 'a', type: '1', target: 'l' },
      ],
      'no file of the archive',
    ],
    ['a device', [{ name: 'sda', type: '4' }], 'not unpacked'],
    [
      'a file that is a folder',
      [
        { name: 'a/b', content: '' },
        { name: 'a', content: '' },
      ],
      'a folder and a file',
    ],
  ])('with %s is refused, and nothing of it is left', async (_, members, words) => {
    const { one, tree } = setup({ 'evil.tar': tar([{ name: 'good', content: 'x' }, ...members]) })
    expect(await one({ source: 'evil.tar', path: '/srv/evil' })).toContain(words)
    expect(tree()).toEqual([])
  })

  it('that is too large, cut off, damaged, or of another kind says so', async () => {
    const long = tar([{ name: 'a', content: 'x'.repeat(5000) }])
    const { one, tree } = setup({
      'long.tar': long,
      'cut.tar': long.subarray(0, 2000),
      'bad.tar': Buffer.from('x'.repeat(2000)),
      'xz.xz': Buffer.from('\u00fd7zXZ'.padEnd(600), 'latin1'),
      'empty.tar': new Uint8Array(0),
    })
    const run = (source: string, more = {}) => one({ source, path: '/srv/x', ...more })
    expect(await run('long.tar', { maxSize: 4000 })).toContain('E_TOO_LARGE')
    expect(await run('cut.tar')).toContain('E_MALFORMED: the archive ends in the middle')
    expect(await run('bad.tar')).toContain('E_MALFORMED: this is no tar file')
    expect(await run('xz.xz')).toContain('E_UNSUPPORTED: this is a file of xz')
    expect(await run('empty.tar')).toContain('E_MALFORMED: the archive is empty')
    expect(await run('long.tar', { creates: 'b' })).toContain('E_CONTENT: the archive does not bring b')
    expect(await run('long.tar', { strip: 1 })).toContain('E_MALFORMED: nothing of the archive is left')
    expect(await run('none.tar')).toContain('E_CONTENT')
    expect(tree()).toEqual([])
  })

  it('comes by URL only with the bytes that its checksum names', async () => {
    const bytes = gzipSync(SHOP)
    const { one, tree } = setup({}, { 'https://x.example/shop.tgz': bytes })
    const attrs = { url: 'https://x.example/shop.tgz', path: '/srv/shop' }
    expect(await one({ ...attrs, checksum: `sha256:${'0'.repeat(64)}` })).toContain('E_CHECKSUM')
    expect(tree()).toEqual([])
    expect(await one({ ...attrs, checksum: sum(bytes) })).toContain('changed')
    expect(await one({ ...attrs, checksum: sum(bytes) })).toBe(KEPT)
    expect(archive.bind(resource('p', 'archive/x', attrs))).toContain('go together')
    expect(archive.bind(resource('p', 'archive/x', { path: '/x' }))).toContain('either source or url')
  })
})

describe('a zip file', () => {
  const run = async (members: readonly Zipped[], cut = 0) => {
    const bytes = zip(members)
    const { lab, one, tree } = setup({ 'a.zip': bytes.subarray(0, bytes.length - cut) })
    return { said: await one({ source: 'a.zip', path: '/srv/a' }), lab, tree }
  }

  it('is unpacked as tar is', async () => {
    const { said, lab } = await run([
      { name: 'bin/', mode: 0o040755 },
      { name: 'bin/x', content: 'x'.repeat(5000), mode: 0o100755 },
      { name: 'plain', content: 'stored', stored: true },
      { name: 'link', content: 'bin/x', mode: 0o120777 },
    ])
    expect(said).toBe('changed wanted: unpack a.zip')
    expect(lab.text('/srv/a/bin/x')).toHaveLength(5000)
    expect(lab.host.lstat('/srv/a/bin/x')?.mode).toBe(0o755)
    expect(lab.text('/srv/a/plain')).toBe('stored')
    expect(lab.host.readlink('/srv/a/link')).toBe('bin/x')
  })

  it.each<[string, readonly Zipped[], string]>([
    ['a name that goes up', [{ name: '../evil' }], 'would leave its folder'],
    ['a link that leads out', [{ name: 'l', content: '/etc', mode: 0o120777 }], 'leads out of the archive'],
    ['more than it says', [{ name: 'a', content: 'x'.repeat(100), lie: { size: 10 } }], 'a is damaged'],
    ['a wrong sum', [{ name: 'a', content: 'x', lie: { crc: 1 } }], 'a is damaged'],
  ])('with %s is refused, and nothing of it is left', async (_, members, words) => {
    const { said, tree } = await run([{ name: 'good', content: 'x' }, ...members])
    expect(said).toContain(words)
    expect(tree()).toEqual([])
  })

  it('that is cut off is none', async () => {
    expect((await run([{ name: 'a', content: 'x' }], 5)).said).toContain('E_MALFORMED: this is no zip file')
  })
})

it('a program of an archive runs after the archive is there', async () => {
  const { lab, all } = setup({ 'two.tar': tar([{ name: 'bin/two', content: '2' }]) })
  expect(
    await all(
      resource('p', 'exec/two', { argv: ['/srv/two/bin/two'], creates: '/srv/two/bin/two' }),
      resource('p', 'archive/two', { source: 'two.tar', path: '/srv/two' }),
    ),
  ).toEqual(['p exec/two kept: as it should be', 'p archive/two changed wanted: unpack two.tar'])
  expect(lab.commands).toEqual([])
})
