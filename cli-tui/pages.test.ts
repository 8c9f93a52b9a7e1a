import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { compile, memorySource, RESOURCE_TYPES } from '../policies/index.ts'
import { parse } from './parse.ts'
import { TABLE } from './table/index.ts'

const pages = [
  'README.md',
  'CONTRIBUTING.md',
  ...readdirSync('docs')
    .filter((name) => name.endsWith('.md'))
    .map((name) => join('docs', name)),
]
const read = (page: string): string => readFileSync(page, 'utf8')

/** Command lines in indented blocks, one `chorus ...` each, without comments. */
function commandLines(page: string): string[] {
  return read(page)
    .split('\n')
    .filter((line) => /^ {4,}(\S+=\S+ )?(npx )?chorus /.test(line))
    .flatMap((line) => line.split(/\s#\s/, 1)[0]?.split(/&&|;|\|\s/) ?? [])
    .map((part) => part.trim().replace(/^npx /, '').replace(/>.*$/, ''))
    .filter((part) => part.startsWith('chorus '))
}

/** As a shell would, for what the pages use: blanks, and quotes of both kinds. */
const words = (line: string): string[] =>
  [...line.matchAll(/(?:[^\s"']|"[^"]*"|'[^']*')+/g)].map(([word]) =>
    word.replaceAll(/["']([^"']*(?:'[^"]*)?)["']/g, '$1'),
  )

const world = { paint: (_style: unknown, text: string): string => text, columns: 80, version: '0' }

describe('the pages', () => {
  const lines = [...new Set(pages.flatMap(commandLines))]

  it('have many commands', () => expect(lines.length).toBeGreaterThan(40))

  it.each(lines)('%s is a command line', async (line) => {
    const parsed = await parse(words(line).slice(1), TABLE, world)
    expect(parsed).toHaveProperty('spec')
  })

  it.each(TABLE.flatMap((spec) => spec.examples.map(([line]) => line)))(
    'the example "%s" of --help is a command line',
    async (line) => {
      expect(await parse(words(line.split(/[<>]/, 1)[0] ?? ''), TABLE, world)).toHaveProperty('spec')
    },
  )

  it('show policies that compile', () => {
    const policies = pages.flatMap((page) =>
      [...read(page).matchAll(/```yaml\n(policy: [\s\S]*?)```/g)].map((match) => match[1] ?? ''),
    )
    expect(policies.length).toBeGreaterThan(0)
    for (const policy of policies)
      expect(compile(memorySource({ 'policy.yaml': policy }), { types: RESOURCE_TYPES }).diagnostics).toEqual([])
  })

  it('show the policy of the migration page as it is, with its template beside it', () => {
    const [, policy = ''] = /```yaml\n(# site\/policy\.yaml\npolicy: [\s\S]*?)```/.exec(read('docs/migration.md')) ?? []
    const files = {
      'policy.yaml': policy,
      'site.conf.liquid': 'listen {{ vars.port }};',
      'data/prod.yaml': 'port: 443',
    }
    const compiled = compile(memorySource(files), { types: RESOURCE_TYPES })
    expect([compiled.diagnostics, compiled.policy?.resources.length]).toEqual([[], 3])
  })

  it.each(pages)('%s links to files that are there', (page) => {
    const links = [...read(page).matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g)].map((match) => match[1] ?? '')
    expect(links.filter((link) => !existsSync(join(dirname(page), link)))).toEqual([])
  })

  it('name every page of docs/ in the README', () => {
    const named = read('README.md')
    expect(pages.filter((page) => page.startsWith('docs/') && !named.includes(page))).toEqual([])
  })
})
