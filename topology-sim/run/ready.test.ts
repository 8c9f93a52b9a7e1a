import { readdirSync } from 'node:fs'
import { folderSource } from '../simulate/folder.ts'
import { describe, expect, it } from 'vitest'
import { runScenario } from './run.ts'
import { AGAIN, readyText, scenarioOf, setupOf } from './testing/small.ts'

const SCENARIOS = new URL('../scenarios/', import.meta.url)
const names = readdirSync(SCENARIOS).map((file) => file.replace(/\.yaml$/, ''))
/** Enough for every group to have several nodes, and quick. */
const NODES = 150

describe('the ready scenarios', () => {
  it('are those that the issue asks for', () => {
    expect(names.toSorted()).toEqual([
      'black-holes',
      'canary',
      'edge-nat',
      'lan-100',
      'laptops-50000',
      'million',
      'split-brain',
      'stolen-key',
      'three-regions',
      'thundering-herd',
    ])
  })

  it.each(names)('%s has a title of one line, and meets its expectations', async (name) => {
    const text = readyText(name)
    expect(scenarioOf(text).scenario).toMatch(/^.{10,100}$/)
    const source = (folder: string): ReturnType<typeof folderSource> =>
      folderSource(new URL(folder, SCENARIOS).pathname)
    const result = await runScenario(setupOf(text, { nodes: NODES, source }), AGAIN)
    expect(result.nodes).toBe(NODES)
    expect(result.violations).toEqual([])
    // Of a small fleet one failing host is more than the share that is allowed.
    const missed = result.expectations.filter(({ ok, text: what }) => !ok && !what.includes('failed'))
    expect(missed).toEqual([])
  })
})
