import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { inForce, lines, resource } from '../testing/converge.ts'
import { Lab } from '../testing/lab.ts'

const sha256 = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest()
const sum = (bytes: Uint8Array): string => `sha256:${Buffer.from(sha256(bytes)).toString('hex')}`
const KEPT = 'kept: as it should be'

function setup(urls: Record<string, Uint8Array>) {
  const lab = new Lab({ sha256, fetch: (url) => urls[url] as Uint8Array })
  const all = async (...resources: ReturnType<typeof resource>[]) =>
    lines((await lab.runs.run([inForce('p', resources)])).outcomes)
  const one = async (attrs: Parameters<typeof resource>[2], common = {}) =>
    (await all(resource('p', 'download/tool', attrs, common)))[0]?.slice('p download/tool '.length) ?? ''
  return { lab, one, all }
}

describe('a download', () => {
  const bytes = Buffer.from('binary')
  const ATTRS = { url: 'https://x.example/tool', checksum: sum(bytes), path: '/srv/bin/tool', mode: '0755' }

  it('is fetched once, put back after drift, and taken back', async () => {
    const urls: Record<string, Uint8Array> = { 'https://x.example/tool': bytes }
    const { lab, one, all } = setup(urls)
    const run = () => one(ATTRS, { onRemove: 'undo' })
    expect(await run()).toBe('changed wanted: fetch https://x.example/tool')
    expect(lab.text('/srv/bin/tool')).toBe('binary')
    expect(await run()).toBe(KEPT)
    lab.host.chmod('/srv/bin/tool', 0o644)
    expect(await run()).toBe('repaired corrective: mode 0644 -> 0755')
    lab.put('/srv/bin/tool', 'hacked', 0o755)
    expect(await run()).toContain('repaired')
    delete urls['https://x.example/tool']
    lab.put('/srv/bin/tool', 'hacked', 0o755)
    expect(await run()).toContain('failed corrective E_FETCH')
    expect(lab.text('/srv/bin/tool')).toBe('hacked')
    await all()
    expect(lab.text('/srv/bin/tool')).toBeUndefined()
  })

  it('with other bytes, or too many, changes nothing', async () => {
    const { lab, one } = setup({ 'https://x.example/tool': Buffer.from('other') })
    expect(await one(ATTRS)).toContain('E_CHECKSUM')
    expect(await one({ ...ATTRS, maxSize: 3 })).toContain('E_TOO_LARGE')
    expect(lab.text('/srv/bin/tool')).toBeUndefined()
  })
})
