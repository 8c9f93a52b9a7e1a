import { describe, expect, it } from 'vitest'
import { compile, memorySource, RESOURCE_TYPES } from '../../policies/index.ts'
import { chorus } from '../testing/world.ts'
import { TYPE_EXAMPLES } from './type-examples.ts'

describe('chorus docs', () => {
  it.each(Object.entries(TYPE_EXAMPLES))('shows an example of %s that compiles', (type, example) => {
    const folder = { 'policy.yaml': `policy: a/b\nselect: "true"\n${example}`, 'files/app.d/one': '' }
    const { policy, diagnostics } = compile(memorySource(folder), { types: RESOURCE_TYPES })
    expect(diagnostics).toEqual([])
    expect(policy?.resources.map((resource) => resource.type)).toContain(type)
  })

  it('lists every type, and every attribute with what it means', async () => {
    const { out } = await chorus(['docs', '--json'])
    const { types } = JSON.parse(out)
    expect(types.map(({ type }: { type: string }) => type)).toEqual(Object.keys(RESOURCE_TYPES).sort())
    for (const type of Object.keys(RESOURCE_TYPES)) {
      const { attributes, common } = JSON.parse((await chorus(['docs', type, '--json'])).out)
      expect(attributes.length).toBeGreaterThan(0)
      for (const { name, help } of [...attributes, ...common]) expect(help, `${type}.${name}`).not.toBe('')
      expect((await chorus(['docs', type])).out).toContain('ATTRIBUTE')
    }
  })

  it('prints the JSON Schema of a type', async () => {
    expect(JSON.parse((await chorus(['docs', 'file', '--schema'])).out).properties).toHaveProperty('path')
  })

  it('names the nearest type', async () => {
    const { code, err } = await chorus(['docs', 'flie'])
    expect([code, err]).toEqual([1, expect.stringContaining('there is no resource type "flie"; did you mean "file"?')])
  })
})
