import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { inForce, lines, resource } from '../testing/converge.ts'
import { template } from '../testing/template-type.ts'
import { ToolLab } from '../testing/tools.ts'
import { RESOURCE_TYPES } from './table.ts'

describe('the template of a resource type', () => {
  it('is in the guide as it is compiled', () => {
    const guide = readFileSync('docs/adding-a-resource-type.md', 'utf8')
    const [, block = ''] = /```ts\n([\s\S]*?)```/.exec(guide) ?? []
    const file = readFileSync('policies/testing/template-type.ts', 'utf8')
    // In the folder of the types its imports are shorter.
    expect(block).toBe(file.replaceAll('../resources/', './'))
  })

  it('keeps the law: a plan changes nothing, a second run finds all in order, undo takes back its own', async () => {
    const lab = new ToolLab({ logger: '' })
    const types = { ...RESOURCE_TYPES, template }
    const wanted = [inForce('p', [resource('p', 'template/x', { path: '/etc/x' }, { onRemove: 'undo' })])]
    const run = async (policies: typeof wanted, apply = true) =>
      lines((await lab.runs.run(policies, { types, apply })).outcomes).map((line) => line.replace('p template/x ', ''))
    expect(await run(wanted, false)).toEqual(['changed wanted: new file'])
    expect(lab.text('/etc/x')).toBeUndefined()
    expect(await run(wanted)).toEqual(['changed wanted: new file'])
    expect(await run(wanted)).toEqual(['kept: as it should be'])
    lab.host.unlink('/etc/x')
    expect(await run(wanted)).toEqual(['repaired corrective: new file'])
    expect(await run([])).toEqual(['changed wanted: no policy has it any more: removal'])
    expect(lab.text('/etc/x')).toBeUndefined()
  })
})

describe('docs/resource-types.md', () => {
  it('has a part for every type, and for no other', () => {
    const page = readFileSync('docs/resource-types.md', 'utf8')
    const parts = [...page.matchAll(/^## (\S+)$/gm)].map(([, name]) => name)
    expect(new Set(parts)).toEqual(new Set(Object.keys(RESOURCE_TYPES)))
    expect(parts).toHaveLength(Object.keys(RESOURCE_TYPES).length)
  })

  it('names only attributes that there are', () => {
    const page = readFileSync('docs/resource-types.md', 'utf8')
    for (const [, name = '', body = ''] of page.matchAll(/^## (\S+)\n([\s\S]*?)(?=^## |$(?![\s\S]))/gm)) {
      const known = new Set([
        ...Object.keys(RESOURCE_TYPES[name]?.schema.shape ?? {}),
        'require',
        'subscribe',
        'onRemove',
        'notify',
        'health',
        'failures',
      ])
      const named = [...body.matchAll(/`([a-z][A-Za-z]+)(?::[^`]*)?`/g)].map(([, attr = '']) => attr)
      expect(
        named.filter((attr) => !known.has(attr)),
        name,
      ).toEqual([])
    }
  })
})
