import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { CharterShowOutput } from '../../cli-tui/commands/charter-show.ts'
import type { ConvergeOutput } from '../../cli-tui/commands/converge.ts'
import type { DoctorOutput } from '../../cli-tui/commands/doctor.ts'
import type { ExportOutput } from '../../cli-tui/commands/export.ts'
import type { ImportOutput } from '../../cli-tui/commands/import.ts'
import type { InitOutput } from '../../cli-tui/commands/init.ts'
import type { LogOutput } from '../../cli-tui/commands/log.ts'
import type { NodeOutput, NodesOutput } from '../../cli-tui/commands/nodes.ts'
import type { PlanOutput } from '../../cli-tui/commands/plan.ts'
import type { StatusOutput } from '../../cli-tui/commands/status.ts'
import type { CharterOutput } from '../../cli-tui/mesh/charter.ts'
import type { PublishOutput } from '../../cli-tui/mesh/publish.ts'
import { eventually, Typed } from '../support/typed.ts'
import type { Ran } from '../support/typed.ts'

/** The walk-through of the README, typed as a user would: two nodes on one machine, every command a process of its own. */
const HELLO = resolve('policies/examples/hello')
const typed = new Typed()
const { dir } = typed
const chorus = (node: string, ...argv: string[]): Ran => typed.chorus(node, ...argv)
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- names the shape once, at the call
const json = <T>(node: string, ...argv: string[]): T => typed.json<T>(node, ...argv)

const motd = (node: string): string => join(dir, 'hosts', node, 'motd')
const publishArgs = (greeting: string): string[] => [
  'publish',
  HELLO,
  '--set',
  `root=${join(dir, 'hosts')}`,
  '--set',
  `greeting=${greeting}`,
]

let recovery = ''
beforeAll(async () => {
  mkdirSync(join(dir, 'hosts'))
  typed.quiet('first')
  typed.quiet('web-1')
  recovery = json<InitOutput>('first', 'init', 'prod', '--name', 'first', '--label', 'role=admin').recoveryKey ?? ''
  await typed.up('first')
  const invited = chorus('first', 'invite', '--name', 'web-1', '--label', 'role=web')
  expect(invited.out).toMatch(/^chorus1\.\S+\n$/)
  expect(chorus('web-1', 'join', invited.out.trim()).code).toBe(0)
  await typed.up('web-1')
  await eventually(
    'both nodes are known',
    () =>
      json<NodesOutput>('first', 'nodes').nodes.length === 2 && json<NodesOutput>('web-1', 'nodes').nodes.length === 2,
  )
})
afterAll(() => typed.close())

describe('the walk-through of the README', () => {
  it('names nodes by name, id and prefix', () => {
    const { id } = json<NodeOutput>('first', 'nodes', 'web-1')
    expect(json<NodeOutput>('first', 'nodes', id.slice(0, 16)).name).toBe('web-1')
    expect(json<NodeOutput>('first', 'nodes', 'web').labels).toEqual({ role: 'web' })
    const wrong = chorus('first', 'nodes', 'wbe-1')
    expect([wrong.code, wrong.err]).toEqual([1, expect.stringContaining('did you mean "web-1"?')])
  })

  it('does not let a node publish that has no grant, and says so', () => {
    const refused = chorus('web-1', ...publishArgs('No'), '--local')
    expect(refused.code).toBe(1)
    expect(refused.err).toMatch(/chorus: E_[A-Z_]+: /)
    expect(existsSync(motd('web-1'))).toBe(false)
  })

  it('grants, with the root key that only the command reads', () => {
    const granted = chorus('first', 'grant', 'web-1', '--publish', 'web/*', '--select', "labels.role == 'web'")
    expect([granted.code, granted.out]).toEqual([0, expect.stringContaining('web-1 may publish, retire web/*')])
    expect(chorus('first', 'charter').out).toContain("labels.role == 'web'")
    expect(json<CharterShowOutput>('first', 'charter').inForce).toHaveLength(1)
    const elsewhere = chorus('first', 'grant', 'web-1', '--publish', 'x', '--root-key', join(dir, 'nothing.key'))
    expect([elsewhere.code, elsewhere.err]).toEqual([1, expect.stringContaining('chorus: E_KEY_FILE: ')])
  })

  it('plans without changing, publishes, and waits until the selected nodes have converged', async () => {
    await eventually('web-1 knows of its grant', () => json<CharterShowOutput>('web-1', 'charter').inForce[0]?.n === 2)
    const plan = json<PlanOutput>('web-1', 'plan', HELLO, '--set', `root=${join(dir, 'hosts')}`)
    expect(plan.outcomes.some((outcome) => outcome.state === 'changed')).toBe(true)
    // The policy is for all nodes, the grant of its author for web nodes.
    expect(plan.matches?.map((node) => node.name)).toEqual(['web-1'])
    expect(existsSync(motd('web-1'))).toBe(false)
    const done = chorus('web-1', ...publishArgs('Hello'), '--message', 'the first')
    expect([done.code, done.out]).toEqual([0, expect.stringContaining('web/hello@')])
    await eventually('web-1 has converged', () => existsSync(motd('web-1')) && chorus('web-1', 'status').code === 0)
    expect(readFileSync(motd('web-1'), 'utf8')).toContain('Hello, web-1!')
    // The grant covers web nodes only.
    expect(existsSync(motd('first'))).toBe(false)
  })

  it('shows what is there: log, show, diff, status', async () => {
    expect(chorus('first', ...publishArgs('Good morning'), '--wait', '--timeout', '30s')).toMatchObject({ code: 0 })
    await eventually('both run it', () =>
      [motd('web-1'), motd('first')].every(
        (path) => existsSync(path) && readFileSync(path, 'utf8').includes('Good morning'),
      ),
    )
    const { entries } = json<LogOutput>('first', 'log', 'web/hello')
    expect(entries[0]).toMatchObject({ policy: 'web/hello', counts: true, winner: true })
    expect(entries.some((entry) => entry.message === 'the first')).toBe(true)
    expect(chorus('first', 'log').out).toContain('in force')
    expect(chorus('first', 'show', 'web/hello').out).toContain('file/motd')
    expect(chorus('first', 'diff', 'web/hello').out).toContain('+--set.greeting: Good morning')
    expect(chorus('first', 'show', entries[0]?.id ?? '').out).toContain('feed/version')
    expect(chorus('first', 'status').out).toContain('web/hello')
    const unknown = chorus('first', 'log', 'web/helo')
    expect([unknown.code, unknown.err]).toEqual([1, expect.stringContaining('did you mean "web/hello"?')])
  })

  it('rolls back with a new version', async () => {
    const before = json<LogOutput>('first', 'log', 'web/hello').entries[0]?.seq ?? 0
    expect(json<PublishOutput>('first', 'rollback', 'web/hello', '--wait', '--timeout', '30s').seq).toBe(before + 1)
    await eventually('it is back', () => readFileSync(motd('web-1'), 'utf8').includes('Hello, web-1!'))
  })

  it('publishes with a key file, as CI does', () => {
    const keygen = chorus('first', 'keygen', 'ci.key')
    expect([keygen.code, keygen.out]).toEqual([0, expect.stringMatching(/^[0-9a-f]{64}\n$/)])
    expect(chorus('first', ...publishArgs('CI'), '--key', 'ci.key')).toMatchObject({
      code: 1,
      err: expect.stringContaining('E_NOT_ALLOWED'),
    })
    expect(chorus('first', 'grant', 'ci.key', '--publish', 'web/*', '--as', 'ci', '--expires', '90d').code).toBe(0)
    expect(chorus('first', ...publishArgs('From CI'), '--key', 'ci.key')).toMatchObject({ code: 0 })
    expect(json<LogOutput>('first', 'log', 'web/hello').entries[0]?.author.key).toBe(keygen.out.trim())
    expect(chorus('first', 'grant', 'ci', '--remove').code).toBe(0)
    expect(chorus('first', ...publishArgs('Too late'), '--key', 'ci.key').code).toBe(1)
  })

  it('carries a mesh over in a file', () => {
    expect(json<ExportOutput>('first', 'export', 'mesh.chorus').bundles).toBeGreaterThan(0)
    expect(chorus('first', 'export', 'mesh.chorus').err).toContain('E_FILE_EXISTS')
    const taken = json<ImportOutput>('web-1', 'import', 'mesh.chorus')
    expect(taken.refused).toEqual([])
    writeFileSync(join(dir, 'cut.chorus'), readFileSync(join(dir, 'mesh.chorus')).subarray(0, 3000))
    expect(chorus('web-1', 'import', 'cut.chorus')).toMatchObject({
      code: 1,
      err: expect.stringContaining('E_ARCHIVE'),
    })
  })

  it('holds, shows it, and goes on', () => {
    expect(chorus('web-1', 'hold', '--for', '1h', 'replacing the disk').code).toBe(0)
    expect(chorus('web-1', 'status').out).toContain('replacing the disk')
    expect(chorus('web-1', 'unhold').code).toBe(0)
    expect(json<ConvergeOutput>('web-1', 'converge').converged).toBe(true)
  })

  it('replaces the root by recovery, and the old root key is worth nothing', () => {
    writeFileSync(
      join(dir, 'wrong.txt'),
      recovery.replace(/.$/, (last) => (last === '0' ? '1' : '0')),
    )
    expect(chorus('first', 'charter', 'rotate', '--recovery-key', 'wrong.txt')).toMatchObject({
      code: 1,
      err: expect.stringContaining('E_KEY_FILE'),
    })
    writeFileSync(join(dir, 'recovery.txt'), recovery)
    const rotated = chorus('first', 'charter', 'rotate', '--recovery-key', 'recovery.txt', '--root-key', 'new-root.key')
    expect([rotated.code, rotated.err]).toEqual([0, expect.any(String)])
    expect(json<CharterShowOutput>('first', 'charter').inForce[0]).toMatchObject({ epoch: 1, by: 'recovery' })
    const old = chorus(
      'first',
      'grant',
      'web-1',
      '--publish',
      'x/*',
      '--root-key',
      join(dir, 'operator', 'chorus', 'prod.root.key'),
    )
    expect([old.code, old.err]).toEqual([1, expect.stringContaining('is no root key of this mesh')])
    expect(chorus('first', 'charter', 'refresh').code).toBe(0)
  })

  it('asks two of two roots, one after the other', () => {
    chorus('first', 'keygen', 'alice.key')
    expect(
      chorus(
        'first',
        'charter',
        'rotate',
        '--recovery-key',
        'recovery.txt',
        '--add-root',
        'alice.key',
        '--threshold',
        '2',
      ).code,
    ).toBe(0)
    const draft = json<CharterOutput>('first', 'grant', 'web-1', '--publish', 'two/*', '--root-key', 'new-root.key')
    expect(draft).toMatchObject({ missing: 1, draft: expect.stringContaining('.draft') })
    expect(json<CharterOutput>('first', 'charter', 'sign', draft.draft ?? '', '--root-key', 'alice.key')).toMatchObject(
      { missing: 0 },
    )
    expect(chorus('first', 'charter').out).toContain('two/*')
  })

  it('ends a fork of the charter', () => {
    const sign = (draft: string): Ran => chorus('first', 'charter', 'sign', draft, '--root-key', 'alice.key')
    for (const name of ['left', 'right']) {
      const made = json<CharterOutput>(
        'first',
        'grant',
        'first',
        '--publish',
        `${name}/*`,
        '--as',
        name,
        '--root-key',
        'new-root.key',
      )
      renameSync(made.draft ?? '', join(dir, `${name}.draft`))
    }
    expect(chorus('first', 'charter', 'merge').out).toContain('nothing to merge')
    expect([sign('left.draft').code, sign('right.draft').code]).toEqual([0, 0])
    expect(json<CharterShowOutput>('first', 'charter').inForce).toHaveLength(2)
    expect(chorus('first', 'doctor')).toMatchObject({ code: 1, out: expect.stringContaining('2 rival charters') })
    const refused = chorus('first', 'grant', 'web-1', '--publish', 'x', '--root-key', 'new-root.key')
    expect([refused.code, refused.err]).toEqual([1, expect.stringContaining('chorus: E_CHARTER_FORK: ')])
    expect(
      json<CharterOutput>('first', 'charter', 'merge', '--root-key', 'new-root.key', '--root-key', 'alice.key').missing,
    ).toBe(0)
    const [merged, ...rivals] = json<CharterShowOutput>('first', 'charter').inForce
    expect(rivals).toEqual([])
    expect(merged?.grants.map((grant) => grant.name)).toEqual(expect.arrayContaining(['left', 'right']))
  })

  it('doctors', () => {
    const { findings } = JSON.parse(chorus('first', 'doctor', '--json').out) as DoctorOutput
    expect(findings.filter((finding) => finding.state === 'fail')).toEqual([])
    expect(findings.map((finding) => finding.check)).toEqual(
      expect.arrayContaining(['node', 'disk', 'clock', 'daemon', 'neighbours', 'recovery']),
    )
  })

  it('retires, and asks first', async () => {
    const asked = chorus('first', 'retire', 'web/hello')
    expect([asked.code, asked.err]).toEqual([2, expect.stringContaining('--yes')])
    expect(chorus('first', 'retire', 'web/hello', '--yes', '--wait', '--timeout', '30s')).toMatchObject({ code: 0 })
    expect(chorus('first', 'retire', 'web/hello', '--yes').code).toBe(1)
  })

  it('revokes a member, who is hung up on', async () => {
    expect(chorus('first', 'revoke', 'web-1', '--as', 'member', '--yes').code).toBe(0)
    await eventually(
      'web-1 has no neighbour',
      () => (JSON.parse(chorus('first', 'status', '--json').out) as StatusOutput).neighbours.length === 0,
    )
  })

  it('ends in good order at SIGTERM', async () => {
    expect(await typed.end()).toEqual([0, 0])
    expect(chorus('first', 'status').code).toBe(4)
  })
})
