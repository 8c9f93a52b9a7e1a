import { chmodSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { DriftWatch } from './watch.ts'

let dir: string
let drifts: string[][]
let watch: DriftWatch

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'chorus-watch-'))
  drifts = []
  watch = new DriftWatch((resources) => drifts.push([...resources].sort()))
})
afterEach(() => {
  watch.close()
  rmSync(dir, { recursive: true, force: true })
})

const manage = (...names: string[]): void =>
  watch.set(names.map((name) => ({ path: join(dir, name), resource: `p file/${name}` })))
const settled = async (): Promise<void> => await new Promise((resolve) => setTimeout(resolve, 600))

describe('the drift watch', () => {
  it('tells a burst of changes once, with the resources that they concern', async () => {
    writeFileSync(join(dir, 'a'), 'right')
    writeFileSync(join(dir, 'b'), 'right')
    manage('a', 'b')
    for (let i = 0; i < 5; i++) writeFileSync(join(dir, 'a'), `wrong ${i}`)
    writeFileSync(join(dir, 'unmanaged'), 'x')
    await expect.poll(() => drifts).toEqual([['p file/a']])
  })

  it.each([
    ['removed', (path: string) => rmSync(path)],
    ['replaced', (path: string) => (writeFileSync(`${path}.new`, 'right'), renameSync(`${path}.new`, path))],
    ['given another mode', (path: string) => chmodSync(path, 0o600)],
  ])('sees a file that is %s', async (_how, change) => {
    writeFileSync(join(dir, 'a'), 'right', { mode: 0o644 })
    manage('a')
    change(join(dir, 'a'))
    await expect.poll(() => drifts).toEqual([['p file/a']])
  })

  it('sees a file that appears where none should be, and what is put into a managed folder', async () => {
    mkdirSync(join(dir, 'd'))
    manage('gone', 'd')
    writeFileSync(join(dir, 'gone'), 'x')
    await expect.poll(() => drifts).toEqual([['p file/gone']])
    writeFileSync(join(dir, 'd', 'extra'), 'x')
    await expect.poll(() => drifts.at(-1)).toEqual(['p file/d'])
  })

  it('does not take a run for drift', async () => {
    writeFileSync(join(dir, 'a'), 'wrong')
    manage('a')
    watch.pause()
    writeFileSync(join(dir, 'a'), 'right')
    manage('a')
    watch.resume()
    await settled()
    expect(drifts).toEqual([])
  })

  it('sees what is changed by hand while a run works', async () => {
    writeFileSync(join(dir, 'a'), 'right')
    manage('a')
    watch.pause()
    manage('a')
    writeFileSync(join(dir, 'a'), 'by hand')
    watch.resume()
    await expect.poll(() => drifts).toEqual([['p file/a']])
  })
})
