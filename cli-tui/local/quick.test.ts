import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { chorus } from '../testing/world.ts'

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'chorus-quick-'))
  mkdirSync(join(dir, 'web'))
})
afterEach(() => rmSync(dir, { recursive: true }))

const policy = (resources: string, more = ''): void =>
  writeFileSync(join(dir, 'web/policy.yaml'), `policy: web/x\nselect: "true"\n${more}resources:\n${resources}\n`)
const states = async (...more: string[]): Promise<string[]> => {
  const { out } = await chorus(['converge', 'web', '--json', '--state', join(dir, 'state'), ...more], { cwd: dir })
  const { outcomes } = JSON.parse(out) as { outcomes: { state: string }[] }
  return outcomes.map(({ state }) => state)
}
/** Whether the last run left behind what lets the next one be quick. */
const stamps = (): number => {
  try {
    return readdirSync(join(dir, 'state/converge/quick')).length
  } catch {
    return 0
  }
}

describe('a run that finds everything as the last one left it', () => {
  beforeEach(async () => {
    policy(`  file/a: { path: ${dir}/a, content: "right" }\n  file/b: { path: ${dir}/b, content: "b" }`)
    expect(await states()).toEqual(['changed', 'changed'])
  })

  it('says so by the state of the files', async () => {
    expect(stamps()).toBe(1)
    expect(await states()).toEqual(['kept', 'kept'])
    expect(await states('--deep')).toEqual(['kept', 'kept'])
    expect(await states('--dry-run')).toEqual(['kept', 'kept'])
  })

  it.each([
    [
      'content of the same size, with the old time of change set again',
      () => {
        const { atime, mtime } = statSync(join(dir, 'a'))
        writeFileSync(join(dir, 'a'), 'wrong')
        utimesSync(join(dir, 'a'), atime, mtime)
      },
    ],
    ['another mode', () => chmodSync(join(dir, 'a'), 0o600)],
    [
      'another file in its place',
      () => (writeFileSync(join(dir, 'c'), 'wrong'), renameSync(join(dir, 'c'), join(dir, 'a'))),
    ],
    ['no file', () => rmSync(join(dir, 'a'))],
  ])('but not with %s', async (_what, change) => {
    const before = readFileSync(join(dir, 'a'), 'utf8')
    change()
    const [a] = await states()
    // A mode that the policy does not name is left as it is: then it was looked at, and kept.
    expect(['repaired', 'kept']).toContain(a)
    expect(readFileSync(join(dir, 'a'), 'utf8')).toBe(before)
  })

  it('and not with another policy, or other options', async () => {
    policy(`  file/a: { path: ${dir}/a, content: "new" }`)
    expect(await states()).toContain('changed')
    policy(`  file/a: { path: ${dir}/a, content: "\${vars.x}" }`, 'vars: { x: one }\n')
    expect(await states('--set', 'x=two')).toEqual(['changed'])
    expect(await states('--set', 'x=three')).toEqual(['changed'])
  })
})

it('A policy of which files do not say everything is looked at in full', async () => {
  for (const resource of [
    `  exec/x: { argv: ["true"], unless: ["true"] }`,
    `  file/a: { path: ${dir}/a, absent: true }`,
    `  file/a: { path: ${dir}/a, directory: true }`,
    `  file/a: { path: ${dir}/a, content: "\${facts.os.id}" }`,
  ]) {
    policy(resource)
    await states()
    await states()
    expect([resource, stamps()]).toEqual([resource, 0])
  }
})
